#include "pattern_hint.hpp"

#include <algorithm>
#include <optional>

namespace storm::text {
namespace {

constexpr std::string_view kMeta = "\\^$.[]|()?*+{}";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The top-level alternatives of a pattern; nothing when that cannot be told for sure.
std::optional<std::vector<std::string_view>> alternatives(std::string_view pattern) {
  if (pattern.find('|') == pattern.npos) return std::vector{pattern};
  // Classes, verbs and inline options may hide a bar or a bracket.
  for (const std::string_view hidden : {"[", "\\c", "(*", "(?"}) {
    if (pattern.find(hidden) != pattern.npos) return std::nullopt;
  }
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '(') {
      ++depth;
    } else if (pattern[i] == ')') {
      --depth;
    } else if (pattern[i] == '|' && depth == 0) {
      parts.push_back(pattern.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(pattern.substr(begin));
  return parts;
}

struct Anchored {
  std::string literal;
  std::string_view rest;  // of the pattern, behind the literal
};

// The literal text that follows the anchor at the start of the pattern.
std::optional<Anchored> anchored(std::string_view pattern) {
  if (pattern.starts_with('^')) {
    pattern.remove_prefix(1);
  } else if (pattern.starts_with("\\A")) {
    pattern.remove_prefix(2);
  } else {
    return std::nullopt;
  }
  Anchored found;
  std::size_t last = 0;  // where the last character of the literal starts
  std::size_t i = 0;
  while (i < pattern.size()) {
    const bool escaped = pattern[i] == '\\';
    const std::size_t at = escaped ? i + 1 : i;
    if (at >= pattern.size()) break;
    const char c = pattern[at];
    // A backslash makes punctuation literal; before a letter or digit it means something else.
    if (escaped ? is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80
                : kMeta.find(c) != kMeta.npos) {
      break;
    }
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (!continues) last = found.literal.size();
    found.literal += c;
    i = at + 1;
  }
  found.rest = pattern.substr(i);
  // `a*` and `a{0,2}` do without the character before.
  if (!found.rest.empty() && std::string_view("*?{").find(found.rest.front()) != kMeta.npos) {
    found.literal.resize(last);
  }
  return found;
}

}  // namespace

PatternHint hint_of(std::string_view pattern, std::string_view options) {
  // Other cases, other lines, or spaces that do not count: the text does not say where a value
  // starts.
  if (options.find_first_of("imx") != options.npos) return {};
  // Quotes and comments let a quantifier reach back over them.
  for (const std::string_view odd : {"\\Q", "\\E", "(?#"}) {
    if (pattern.find(odd) != pattern.npos) return {};
  }
  const auto parts = alternatives(pattern);
  if (!parts) return {};
  PatternHint hint;
  hint.exact = true;
  bool whole = true;
  for (const std::string_view part : *parts) {
    auto found = anchored(part);
    if (!found) return {};
    if (found->rest == "$" || found->rest == "\\Z") {
      // `$` also matches before a newline at the very end.
      hint.keys.push_back(found->literal);
      hint.keys.push_back(found->literal + '\n');
    } else if (found->rest == "\\z") {
      hint.keys.push_back(found->literal);
    } else {
      if (found->literal.empty() && !found->rest.empty()) return {};
      hint.exact = hint.exact && found->rest.empty();
      whole = false;
      hint.keys.push_back(std::move(found->literal));
    }
  }
  hint.kind = whole ? PatternHint::Kind::AnyOf : PatternHint::Kind::Prefix;
  // Keys of both kinds together are prefixes, and no longer all there is to say.
  if (!whole && parts->size() > 1) hint.exact = false;
  std::sort(hint.keys.begin(), hint.keys.end());
  hint.keys.erase(std::unique(hint.keys.begin(), hint.keys.end()), hint.keys.end());
  return hint;
}

}  // namespace storm::text
