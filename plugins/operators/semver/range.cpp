#include "range.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "storm/cpp/fault.hpp"

namespace storm::semver {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw sdk::Fault(STORM_E_INVALID, what +
                                        "; a range is written as >=9.6 <11, ^1.2, ~1.4.2, 1.x "
                                        "or 1.2 - 2.3, alternatives with || between them");
}

// The next version with at most `kept` of its numbers: the first one behind all that begin so.
Version bumped(const Version& version, std::size_t kept) {
  Version next;
  next.given = version.given;
  std::copy_n(version.parts.begin(), kept, next.parts.begin());
  ++next.parts[kept - 1];
  return next;
}

constexpr std::size_t kWhole = 3;  // so many numbers are a version, fewer all that begin with them

}  // namespace

// Reads a range from left to right.
class Range::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::vector<All> parse() {
    std::vector<All> alternatives(1);
    bool empty = true;
    for (std::string_view word = next(); !word.empty(); word = next()) {
      if (word == "||") {
        if (empty) refuse("there is nothing before ||");
        alternatives.emplace_back();
        empty = true;
        continue;
      }
      empty = false;
      add(alternatives.back(), word);
    }
    if (empty)
      refuse(alternatives.size() > 1 ? "there is nothing behind ||" : "the range is empty");
    return alternatives;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == ',' || c == '\t'; }

  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  // Words are parted by spaces and commas; || is one, as are comparisons glued together (>=1<2).
  std::string_view next() {
    skip_spaces();
    if (rest_.starts_with("||")) return take(2);
    std::size_t length = 0;
    while (length < rest_.size() && is_sign(rest_[length])) ++length;
    const std::size_t signs = length;
    // A sign may stand apart from its version.
    while (length > 0 && length < rest_.size() && rest_[length] == ' ') ++length;
    while (length < rest_.size() && !is_space(rest_[length]) && rest_[length] != '|' &&
           (!is_sign(rest_[length]) || length < signs)) {
      ++length;
    }
    return length == 0 && !rest_.empty() ? take(1) : take(length);
  }
  static bool is_sign(char c) { return c == '<' || c == '>' || c == '=' || c == '^' || c == '~'; }
  std::string_view take(std::size_t length) {
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

  // The version of a comparison; nothing for "*" and "x". `given` numbers stand before an x.
  static std::optional<Version> read_version(std::string_view text) {
    const std::string_view whole = text;
    const auto is_wildcard = [](std::string_view part) {
      return part == "x" || part == "X" || part == "*";
    };
    if (is_wildcard(text) || text == "*") return std::nullopt;
    // "1.x", "1.2.*", "1.x.x"
    bool cut = false;
    while (text.size() > 2 && text[text.size() - 2] == '.' &&
           is_wildcard(text.substr(text.size() - 1))) {
      text.remove_suffix(2);
      cut = true;
    }
    auto version = parse_version(text);
    if (!version || (cut && (version->given >= kWhole || !version->pre_release.empty()))) {
      refuse("\"" + std::string(whole.substr(0, 80)) + "\" is no version");
    }
    return version;
  }

  void push(All& all, Order order, Version version) {
    if (++count_ > kComparisonsMax) {
      refuse("it has more than " + std::to_string(kComparisonsMax) + " comparisons");
    }
    all.push_back({order, std::move(version)});
  }

  // From this version to the last that begins with `kept` of its numbers.
  void push_span(All& all, const Version& version, std::size_t kept) {
    push(all, Order::GreaterEqual, version);
    push(all, Order::Less, bumped(version, kept));
  }

  void add(All& all, std::string_view word) {
    std::size_t signs = 0;
    while (signs < word.size() && is_sign(word[signs])) ++signs;
    const std::string_view sign = word.substr(0, signs);
    std::string_view text = word.substr(signs);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty()) refuse("there is no version behind \"" + std::string(sign) + "\"");
    const std::optional<Version> version = read_version(text);
    if (sign.empty() && is_hyphen_next()) return add_hyphen(all, version);
    if (!version) {
      if (sign == "<" || sign == ">") refuse("no version is " + std::string(sign) + " all of them");
      return push(all, Order::GreaterEqual, Version{});
    }
    const bool whole = version->given >= kWhole || !version->pre_release.empty();
    if (sign.empty() || sign == "=" || sign == "==") {
      if (whole) return push(all, Order::Equal, *version);
      return push_span(all, *version, version->given);
    }
    if (sign == ">=") return push(all, Order::GreaterEqual, *version);
    if (sign == "<") return push(all, Order::Less, *version);
    if (sign == ">") {
      if (whole) return push(all, Order::Greater, *version);
      return push(all, Order::GreaterEqual, bumped(*version, version->given));
    }
    if (sign == "<=") {
      if (whole) return push(all, Order::LessEqual, *version);
      return push(all, Order::Less, bumped(*version, version->given));
    }
    if (sign == "~") return push_span(all, *version, std::min<std::size_t>(version->given, 2));
    if (sign == "^") return push_span(all, *version, first_that_counts(*version));
    refuse("\"" + std::string(sign) + "\" is no comparison");
  }

  // ^1.2 stays below 2, ^0.2 below 0.3, ^0.0.3 below 0.0.4.
  static std::size_t first_that_counts(const Version& version) {
    for (std::size_t i = 0; i + 1 < version.given; ++i) {
      if (version.parts[i] > 0) return i + 1;
    }
    return version.given;
  }

  bool is_hyphen_next() {
    std::string_view rest = rest_;
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    return rest.size() < rest_.size() && rest.size() > 1 && rest[0] == '-' && is_space(rest[1]);
  }
  void add_hyphen(All& all, const std::optional<Version>& low) {
    skip_spaces();
    take(1);
    const std::string_view word = next();
    if (word.empty() || word == "||") refuse("there is no version behind the hyphen");
    const std::optional<Version> high = read_version(word);
    push(all, Order::GreaterEqual, low.value_or(Version{}));
    if (!high) return;
    if (high->given >= kWhole || !high->pre_release.empty()) {
      return push(all, Order::LessEqual, *high);
    }
    push(all, Order::Less, bumped(*high, high->given));
  }

  std::string_view rest_;
  std::size_t count_ = 0;
};

Range Range::parse(std::string_view text) {
  if (text.size() > kRangeBytesMax) {
    refuse("the range is longer than " + std::to_string(kRangeBytesMax) + " bytes");
  }
  Range range;
  range.alternatives_ = Parser(text).parse();
  return range;
}

bool Range::holds(const Comparison& comparison, const Version& version) {
  const auto order = version <=> comparison.version;
  switch (comparison.order) {
    case Order::Less:
      return order < 0;
    case Order::LessEqual:
      return order <= 0;
    case Order::Equal:
      return order == 0;
    case Order::Greater:
      return order > 0;
    case Order::GreaterEqual:
      return order >= 0;
  }
  return false;
}

bool Range::contains(const Version& version) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const All& all) {
    const bool meant = version.pre_release.empty() ||
                       std::any_of(all.begin(), all.end(), [&](const Comparison& comparison) {
                         return !comparison.version.pre_release.empty() &&
                                comparison.version.parts == version.parts;
                       });
    return meant && std::all_of(all.begin(), all.end(), [&](const Comparison& comparison) {
             return holds(comparison, version);
           });
  });
}

}  // namespace storm::semver
