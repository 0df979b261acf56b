#include "plugins/executors/swarm/json_slices.hpp"

namespace storm::swarm {
namespace {

constexpr std::size_t kDepthMax = 256;
constexpr std::string_view kSpace = " \t\r\n";

// The index after the object that starts at `begin`, or 0.
std::size_t end_of_object(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDepthMax) return 0;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::vector<std::string_view>> slice_objects(std::string_view array) {
  const std::string_view text = trim(array);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<std::string_view> out;
  bool comma_due = false;
  std::size_t i = 1;
  while (true) {
    i = text.find_first_not_of(kSpace, i);
    if (i == std::string_view::npos) return std::nullopt;
    if (i == text.size() - 1) {
      // The closing bracket; it may not follow a comma.
      return out.empty() || comma_due ? std::optional(std::move(out)) : std::nullopt;
    }
    if (comma_due) {
      if (text[i] != ',') return std::nullopt;
      comma_due = false;
      ++i;
      continue;
    }
    if (text[i] != '{') return std::nullopt;
    const std::size_t end = end_of_object(text, i);
    if (end == 0) return std::nullopt;
    out.push_back(text.substr(i, end - i));
    i = end;
    comma_due = true;
  }
}

std::string_view leading_id(std::string_view object) {
  constexpr std::string_view kStart = R"({"ID":")";
  if (!object.starts_with(kStart)) return {};
  const std::size_t end = object.find('"', kStart.size());
  if (end == std::string_view::npos) return {};
  const std::string_view id = object.substr(kStart.size(), end - kStart.size());
  return id.find('\\') == std::string_view::npos ? id : std::string_view();
}

}  // namespace storm::swarm
