#include "version.hpp"

#include <algorithm>

namespace storm::semver {
namespace {

constexpr std::size_t kDigitsMax = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The number at the start of `text`, which is taken away.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    if (digits == kDigitsMax) return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(text[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

// "RC-1-alpine" -> "rc.1"; empty when it is no pre-release. A number beside the word is an
// identifier of its own, so that rc2 is before rc10.
std::string read_pre_release(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && is_letter(text[letters])) ++letters;
  std::string word;
  for (const char c : text.substr(0, letters)) word += lower(c);
  if (std::find(std::begin(kPreReleaseWords), std::end(kPreReleaseWords), word) ==
      std::end(kPreReleaseWords)) {
    return {};
  }
  text.remove_prefix(letters);
  while (!text.empty()) {
    std::string_view rest = text;
    if (rest.front() == '.' || rest.front() == '-' || rest.front() == '_') rest.remove_prefix(1);
    const std::string_view digits = rest;
    if (!take_number(rest)) break;
    word += '.';
    word += digits.substr(0, digits.size() - rest.size());
    text = rest;
  }
  return word;
}

// One dot-separated identifier; the rest stays in `text`.
std::string_view take_identifier(std::string_view& text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view identifier = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return identifier;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  std::string_view rest_a = a, rest_b = b;
  const auto number_a = take_number(rest_a);
  const auto number_b = take_number(rest_b);
  const bool numeric_a = number_a && rest_a.empty();
  const bool numeric_b = number_b && rest_b.empty();
  if (numeric_a && numeric_b) return *number_a <=> *number_b;
  if (numeric_a != numeric_b) {
    return numeric_a ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_pre_releases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();  // a release is above them
  while (!a.empty() && !b.empty()) {
    const auto order = compare_identifiers(take_identifier(a), take_identifier(b));
    if (order != 0) return order;
  }
  return b.empty() <=> a.empty();  // more identifiers are above fewer
}

}  // namespace

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  if (const auto order = a.parts <=> b.parts; order != 0) return order;
  return compare_pre_releases(a.pre_release, b.pre_release);
}

std::optional<Version> parse_version(std::string_view text) {
  if (text.size() > kVersionBytesMax) return std::nullopt;
  if (!text.empty() && lower(text.front()) == 'v') text.remove_prefix(1);
  Version version;
  for (;;) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    version.parts[version.given++] = *number;
    const bool another = text.size() > 1 && text.front() == '.' && is_digit(text[1]);
    if (!another || version.given == kPartsMax) break;
    text.remove_prefix(1);
  }
  if (text.empty()) return version;
  const char mark = text.front();
  const bool marked = mark == '-' || mark == '_' || mark == '.' || mark == '+';
  if (!marked && !is_letter(mark)) return std::nullopt;
  if (mark != '+') version.pre_release = read_pre_release(text.substr(marked ? 1 : 0));
  // "9.6-alpine" is 9.6; "9.6alpine" and "9.6.x" are no versions.
  const bool variant = mark == '-' || mark == '_' || mark == '+';
  if (version.pre_release.empty() && !variant) return std::nullopt;
  return version;
}

}  // namespace storm::semver
