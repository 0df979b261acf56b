#include "core/document/yaml_reader.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace storm {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

template <typename Number>
bool parse_whole(std::string_view text, Number& number, int base) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return problem == std::errc() && end == text.data() + text.size();
}

// A plain scalar by the YAML 1.2 core schema.
Value plain_scalar(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Value();
  if (is_one_of(text, {"true", "True", "TRUE"})) return Value(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return Value(false);
  if (is_one_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) {
    return Value(std::numeric_limits<double>::infinity());
  }
  if (is_one_of(text, {"-.inf", "-.Inf", "-.INF"}))
    return Value(-std::numeric_limits<double>::infinity());
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return Value(std::nan(""));
  const std::string_view view(text);
  std::int64_t whole = 0;
  if (view.starts_with("0x") && parse_whole(view.substr(2), whole, 16)) return Value(whole);
  if (view.starts_with("0o") && parse_whole(view.substr(2), whole, 8)) return Value(whole);
  const std::string_view digits = view.starts_with('+') ? view.substr(1) : view;
  if (view.starts_with("+-")) return Value(text);
  if (parse_whole(digits, whole, 10)) return Value(whole);
  if (digits.find_first_not_of("-.0123456789eE+") == std::string_view::npos &&
      digits.find_first_of("0123456789") != std::string_view::npos) {
    double real = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), real);
    if (problem == std::errc() && end == digits.data() + digits.size()) return Value(real);
  }
  return Value(text);
}

struct Refusal {
  YAML::Mark mark;
  std::string message;
};

class Converter {
 public:
  explicit Converter(YamlDocument& document) : document_(document) {}

  Value convert(const YAML::Node& node, const std::string& pointer, std::size_t depth) {
    const YAML::Mark mark = node.Mark();
    if (depth > kYamlDepthMax)
      throw Refusal{mark, fmt::format("nested deeper than {} levels", kYamlDepthMax)};
    if (++nodes_ > kYamlNodesMax)
      throw Refusal{mark, fmt::format("more than {} values", kYamlNodesMax)};
    document_.positions[pointer] = {mark.line + 1, mark.column + 1};
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return Value();
      case YAML::NodeType::Scalar:
        return node.Tag() == "?" ? plain_scalar(node.Scalar()) : Value(node.Scalar());
      case YAML::NodeType::Sequence: {
        Value list = Value::array();
        std::size_t index = 0;
        for (const YAML::Node& item : node)
          list.push_back(convert(item, pointer_join(pointer, index++), depth + 1));
        return list;
      }
      case YAML::NodeType::Map: {
        Value map = Value::object();
        std::unordered_set<std::string> keys;
        for (const auto& entry : node) {
          const YAML::Mark at = entry.first.Mark();
          if (!entry.first.IsScalar()) throw Refusal{at, "a key must be a plain name"};
          const std::string& key = entry.first.Scalar();
          if (!keys.insert(key).second) throw Refusal{at, fmt::format("duplicate key \"{}\"", key)};
          const std::string below = pointer_join(pointer, key);
          document_.key_positions[below] = {at.line + 1, at.column + 1};
          map.add(key, convert(entry.second, below, depth + 1));
        }
        return map;
      }
    }
    return Value();
  }

 private:
  YamlDocument& document_;
  std::size_t nodes_ = 0;
};

std::string at(const std::string& origin, const YAML::Mark& mark, const std::string& message) {
  return fmt::format("{}:{}:{}: {}", origin, mark.line + 1, mark.column + 1, message);
}

std::string find_place(const std::string& origin,
                       const std::unordered_map<std::string, Position>& first,
                       const std::unordered_map<std::string, Position>& second,
                       std::string_view pointer) {
  for (std::string here(pointer);; here.resize(here.rfind('/'))) {
    auto found = first.find(here);
    if (found == first.end()) {
      found = second.find(here);
      if (found == second.end()) {
        if (here.empty() || here.rfind('/') == std::string::npos) return origin;
        continue;
      }
    }
    return fmt::format("{}:{}:{}", origin, found->second.line, found->second.column);
  }
}

}  // namespace

std::string YamlDocument::place(std::string_view pointer) const {
  return find_place(origin, positions, positions, pointer);
}

std::string YamlDocument::key_place(std::string_view pointer) const {
  return find_place(origin, key_positions, positions, pointer);
}

Result<std::vector<YamlDocument>> parse_yaml_stream(std::string_view text, std::string origin) {
  try {
    std::vector<YamlDocument> documents;
    for (const YAML::Node& node : YAML::LoadAll(std::string(text))) {
      YamlDocument document;
      document.origin = origin;
      document.root = Converter(document).convert(node, "", 0);
      documents.push_back(std::move(document));
    }
    return documents;
  } catch (const Refusal& refusal) {
    return Error{Errc::InvalidArgument, at(origin, refusal.mark, refusal.message)};
  } catch (const YAML::Exception& error) {
    return Error{Errc::InvalidArgument, at(origin, error.mark, error.msg)};
  } catch (const std::exception& error) {
    return Error{Errc::InvalidArgument, fmt::format("{}: {}", origin, error.what())};
  }
}

Result<YamlDocument> parse_yaml(std::string_view text, std::string origin) {
  auto documents = STORM_TRY(parse_yaml_stream(text, origin));
  if (documents.empty()) {
    YamlDocument empty;
    empty.origin = std::move(origin);
    return empty;
  }
  if (documents.size() > 1) {
    return Error{Errc::InvalidArgument,
                 fmt::format("{}: expected one YAML document, got {}", origin, documents.size())};
  }
  return std::move(documents.front());
}

}  // namespace storm
