// $regex for tests of the query language: the patterns of the text operator without the plugin
// around them.
#pragma once
#include <memory>

#include "core/query/operator.hpp"
#include "storm/cpp/fault.hpp"
#include "text_operator.hpp"

namespace storm::test {

class TextProgram final : public OperatorProgram {
 public:
  explicit TextProgram(std::unique_ptr<const text::TextPattern> pattern)
      : pattern_(std::move(pattern)) {}
  bool matches(const Value& value) const override {
    return value.is_string() && pattern_->match(value.as_string()) == STORM_YES;
  }
  OperatorHint hint() const override {
    const text::PatternHint& known = pattern_->hint();
    OperatorHint hint;
    if (known.kind == text::PatternHint::Kind::None) return hint;
    hint.kind = known.kind == text::PatternHint::Kind::AnyOf ? OperatorHint::Kind::AnyOf
                                                             : OperatorHint::Kind::Prefix;
    hint.exact = known.exact;
    hint.keys = known.keys;
    return hint;
  }

 private:
  const std::unique_ptr<const text::TextPattern> pattern_;
};

class TextSource final : public OperatorSource {
 public:
  std::vector<std::string> operators() const override { return {"$regex"}; }
  std::vector<std::string> modifiers() const override { return {"$options"}; }
  Result<std::shared_ptr<const OperatorProgram>> compile(std::string_view, const Value& argument,
                                                         const Value& modifiers) const override {
    const Value* options = modifiers.find("$options");
    if (!argument.is_string() || (options && !options->is_string())) {
      return Error{Errc::InvalidArgument, "needs a string"};
    }
    try {
      return std::shared_ptr<const OperatorProgram>(std::make_shared<TextProgram>(
          text::TextPattern::compile(argument.as_string(), options ? options->as_string() : "")));
    } catch (const sdk::Fault& fault) {
      return Error{Errc::InvalidArgument, fault.message()};
    }
  }
};

inline OperatorSet text_operators() {
  OperatorSet set;
  STORM_ASSERT(set.add(std::make_shared<TextSource>()).has_value());
  return set;
}

}  // namespace storm::test
