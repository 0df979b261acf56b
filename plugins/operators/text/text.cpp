// The operator plugin "text": reads the arguments of $regex and hands each value to a TextPattern.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "storm/cpp/query_operator.hpp"
#include "text_operator.hpp"

namespace storm::text {
namespace {

using sdk::Fault;

std::string text_of(std::string_view json, const char* what) {
  const auto value = nlohmann::json::parse(json, nullptr, false);
  if (!value.is_string()) throw Fault(STORM_E_INVALID, std::string(what) + " needs a string");
  return value.get<std::string>();
}

std::string options_of(std::string_view modifiers_json) {
  const auto modifiers = nlohmann::json::parse(modifiers_json, nullptr, false);
  if (!modifiers.is_object()) throw Fault(STORM_E_INVALID, "the modifiers are not an object");
  std::string options;
  for (const auto& [key, value] : modifiers.items()) {
    if (key != "$options") throw Fault(STORM_E_INVALID, "$regex does not know " + key);
    if (!value.is_string()) throw Fault(STORM_E_INVALID, "$options needs a string");
    options = value.get<std::string>();
  }
  return options;
}

class RegexProgram final : public sdk::Program {
 public:
  explicit RegexProgram(std::unique_ptr<const TextPattern> pattern) : pattern_(std::move(pattern)) {
    for (const std::string& key : pattern_->hint().keys) keys_.push_back(sdk::str(key));
  }

  storm_rc match(const storm_value& value) const noexcept override {
    if (value.kind != STORM_VALUE_STRING) return STORM_OK;
    return pattern_->match(sdk::view(value.v.s));
  }

  void hint(storm_hint& out) const noexcept override {
    const PatternHint& known = pattern_->hint();
    if (known.kind == PatternHint::Kind::None) return;
    out.kind = known.kind == PatternHint::Kind::AnyOf ? STORM_HINT_ANY_OF : STORM_HINT_PREFIX;
    out.exact = known.exact ? 1 : 0;
    out.keys = sdk::list_of(keys_);
  }

 private:
  const std::unique_ptr<const TextPattern> pattern_;
  std::vector<storm_str> keys_;  // of the pattern's hint
};

class TextOperator final : public sdk::QueryOperator {
 public:
  static constexpr const char* kOperators[] = {"$regex", nullptr};
  static constexpr const char* kModifiers[] = {"$options", nullptr};

  TextOperator(const sdk::Host&, std::string_view) {}

  std::unique_ptr<sdk::Program> compile(const sdk::Call&, std::string_view, std::string_view arg,
                                        std::string_view modifiers) override {
    return std::make_unique<RegexProgram>(
        TextPattern::compile(text_of(arg, "$regex"), options_of(modifiers)));
  }
};

}  // namespace
}  // namespace storm::text

STORM_OPERATOR_PLUGIN(text, storm::text::TextOperator, "")
