// text_ends: an operator plugin in C++. `{"image": {"$text_ends": "-alpine"}}` matches texts that
// end so; a list matches what ends with one of its texts.
//
// `compile` is called once for each place in a query, the program's `match` for each value, on any
// thread and without waiting: paths, lists, $not and logic are the host's.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storm/cpp/query_operator.hpp"

namespace {

using storm::sdk::Call;
using storm::sdk::Fault;
using storm::sdk::Program;
using storm::sdk::view;

constexpr std::size_t kEndsMax = 1000;
constexpr std::size_t kArgumentBytesMax = std::size_t{64} << 10;

class EndsProgram final : public Program {
 public:
  explicit EndsProgram(std::vector<std::string> ends) : ends_(std::move(ends)) {}

  storm_rc match(const storm_value& value) const noexcept override {
    if (value.kind != STORM_VALUE_STRING) return STORM_OK;
    const std::string_view text = view(value.v.s);
    const bool ends = std::any_of(ends_.begin(), ends_.end(),
                                  [&](const std::string& end) { return text.ends_with(end); });
    return ends ? STORM_YES : STORM_OK;
  }

  // What a value ends with says nothing of where an index would look for it, so there is no hint().
  // An operator that knows with what its values begin, or what they equal, overrides it:
  // storm/query_operator.h.

 private:
  const std::vector<std::string> ends_;
};

class EndsOperator final : public storm::sdk::QueryOperator {
 public:
  static constexpr const char* kOperators[] = {"$text_ends", nullptr};
  static constexpr const char* kModifiers[] = {nullptr};

  EndsOperator(const storm::sdk::Host&, std::string_view) {}

  // What is wrong with an argument is told to whoever wrote the query, with its place.
  std::unique_ptr<Program> compile(const Call&, std::string_view, std::string_view arg_json,
                                   std::string_view) override {
    if (arg_json.size() > kArgumentBytesMax) {
      throw Fault(STORM_E_INVALID, "$text_ends takes at most 64 KiB of texts");
    }
    nlohmann::json argument = nlohmann::json::parse(arg_json, nullptr, false);
    if (argument.is_string()) argument = nlohmann::json::array({std::move(argument)});
    const bool texts = argument.is_array() && !argument.empty() && argument.size() <= kEndsMax &&
                       std::all_of(argument.begin(), argument.end(),
                                   [](const nlohmann::json& item) { return item.is_string(); });
    if (!texts) {
      throw Fault(STORM_E_INVALID,
                  R"($text_ends needs a text or a list of up to 1000 texts, such as "-alpine")");
    }
    return std::make_unique<EndsProgram>(argument.get<std::vector<std::string>>());
  }
};

}  // namespace

STORM_OPERATOR_PLUGIN(text_ends, EndsOperator, "")
