// The operator plugin "glob": $glob with one pattern or a list of them.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glob_pattern.hpp"
#include "storm/cpp/query_operator.hpp"
#include "text_list.hpp"

namespace storm::glob {
namespace {

using operators::KeysHint;

// What the patterns together say of the texts that can match.
KeysHint hint_of(const std::vector<GlobPattern>& patterns) {
  std::vector<std::string> keys;
  bool literal = true, exact = true;
  for (const GlobPattern& pattern : patterns) {
    if (pattern.literal().empty() && !pattern.is_literal()) return {};
    literal = literal && pattern.is_literal();
    exact = exact && pattern.is_prefix();
    keys.push_back(pattern.literal());
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return {literal ? std::uint32_t{STORM_HINT_ANY_OF} : std::uint32_t{STORM_HINT_PREFIX},
          literal || exact, std::move(keys)};
}

class GlobProgram final : public sdk::Program {
 public:
  explicit GlobProgram(std::vector<GlobPattern> patterns)
      : patterns_(std::move(patterns)), hint_(hint_of(patterns_)) {}

  storm_rc match(const storm_value& value) const noexcept override {
    if (value.kind != STORM_VALUE_STRING) return STORM_OK;
    const std::string_view text = sdk::view(value.v.s);
    std::size_t steps = 0;
    for (const GlobPattern& pattern : patterns_) {
      if (const storm_rc rc = pattern.match(text, steps); rc != STORM_OK) return rc;
    }
    return STORM_OK;
  }
  void hint(storm_hint& out) const noexcept override { hint_.write(out); }

 private:
  const std::vector<GlobPattern> patterns_;
  const KeysHint hint_;
};

class GlobOperator final : public sdk::QueryOperator {
 public:
  static constexpr const char* kOperators[] = {"$glob", nullptr};
  static constexpr const char* kModifiers[] = {nullptr};

  GlobOperator(const sdk::Host&, std::string_view) {}

  std::unique_ptr<sdk::Program> compile(const sdk::Call&, std::string_view, std::string_view arg,
                                        std::string_view) override {
    std::vector<GlobPattern> patterns;
    for (const std::string& text : operators::text_list("$glob", arg, "library/post*")) {
      for (const std::string& pattern : expand_braces(text)) {
        if (patterns.size() == kAlternativesMax) {
          throw sdk::Fault(STORM_E_INVALID, "$glob takes at most " +
                                                std::to_string(kAlternativesMax) +
                                                " patterns, braces expanded");
        }
        patterns.push_back(GlobPattern::compile(pattern));
      }
    }
    return std::make_unique<GlobProgram>(std::move(patterns));
  }
};

}  // namespace
}  // namespace storm::glob

STORM_OPERATOR_PLUGIN(glob, storm::glob::GlobOperator, "")
