// The operator plugin "semver": $semver with one range of versions or a list of them.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image_range.hpp"
#include "storm/cpp/query_operator.hpp"
#include "text_list.hpp"

namespace storm::semver {
namespace {

using operators::KeysHint;

KeysHint hint_of(const std::vector<ImageRange>& ranges) {
  std::vector<std::string> keys;
  for (const ImageRange& range : ranges) {
    if (range.beginning().empty()) return {};
    keys.push_back(range.beginning());
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return {STORM_HINT_PREFIX, false, std::move(keys)};
}

class SemverProgram final : public sdk::Program {
 public:
  explicit SemverProgram(std::vector<ImageRange> ranges)
      : ranges_(std::move(ranges)), hint_(hint_of(ranges_)) {}

  storm_rc match(const storm_value& value) const noexcept override {
    if (value.kind != STORM_VALUE_STRING) return STORM_OK;
    const std::string_view text = sdk::view(value.v.s);
    const bool inside = std::any_of(ranges_.begin(), ranges_.end(),
                                    [&](const ImageRange& range) { return range.matches(text); });
    return inside ? STORM_YES : STORM_OK;
  }
  void hint(storm_hint& out) const noexcept override { hint_.write(out); }

 private:
  const std::vector<ImageRange> ranges_;
  const KeysHint hint_;
};

class SemverOperator final : public sdk::QueryOperator {
 public:
  static constexpr const char* kOperators[] = {"$semver", nullptr};
  static constexpr const char* kModifiers[] = {nullptr};

  SemverOperator(const sdk::Host&, std::string_view) {}

  std::unique_ptr<sdk::Program> compile(const sdk::Call&, std::string_view, std::string_view arg,
                                        std::string_view) override {
    std::vector<ImageRange> ranges;
    for (const std::string& text :
         operators::text_list("$semver", arg, "library/postgres:>=9.6 <11")) {
      ranges.push_back(ImageRange::parse(text));
    }
    return std::make_unique<SemverProgram>(std::move(ranges));
  }
};

}  // namespace
}  // namespace storm::semver

STORM_OPERATOR_PLUGIN(semver, storm::semver::SemverOperator, "")
