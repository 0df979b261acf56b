#include "glob_pattern.hpp"

#include <algorithm>
#include <optional>

#include "storm/cpp/fault.hpp"

namespace storm::glob {
namespace {

constexpr std::size_t kBraceDepthMax = 16;

[[noreturn]] void refuse(std::string_view pattern, const std::string& what) {
  throw sdk::Fault(STORM_E_INVALID,
                   "the pattern \"" + std::string(pattern.substr(0, 80)) + "\" " + what);
}

// The character at `at`, which is moved behind it. What is no UTF-8 counts byte by byte, above all
// characters.
char32_t next_character(std::string_view text, std::size_t& at) noexcept {
  constexpr char32_t kBytes = 0x110000;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80             ? 1
                             : (first & 0xE0) == 0xC0 ? 2
                             : (first & 0xF0) == 0xE0 ? 3
                             : (first & 0xF8) == 0xF0 ? 4
                                                      : 0;
  if (length == 0 || at + length > text.size()) return kBytes + byte(at++);
  char32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kBytes + byte(at++);
    character = character << 6 | (byte(at + i) & 0x3FU);
  }
  at += length;
  return character;
}

// Where the brace at `open` ends and where its commas are.
struct Brace {
  std::size_t end = 0;
  std::vector<std::size_t> commas;
};

Brace read_brace(const std::string& pattern, std::size_t open) {
  Brace brace;
  std::size_t depth = 0;
  for (std::size_t i = open; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (c == '{') {
      if (++depth > kBraceDepthMax) refuse(pattern, "has too many braces inside each other");
    } else if (c == ',' && depth == 1) {
      brace.commas.push_back(i);
    } else if (c == '}' && --depth == 0) {
      brace.end = i;
      return brace;
    }
  }
  refuse(pattern, "has a { without a }; write \\{ for the character itself");
}

std::optional<std::size_t> first_brace(const std::string& pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (in_class) {
      in_class = pattern[i] != ']';
    } else if (pattern[i] == '[') {
      in_class = true;
      // What comes first is in the class, be it a bracket.
      if (i + 1 < pattern.size() && (pattern[i + 1] == '!' || pattern[i + 1] == '^')) ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (pattern[i] == '{') {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  if (pattern.size() > kPatternBytesMax) {
    refuse(pattern, "is longer than " + std::to_string(kPatternBytesMax) + " bytes");
  }
  std::vector<std::string> done;
  std::vector<std::string> open{pattern};
  while (!open.empty()) {
    const std::string next = std::move(open.back());
    open.pop_back();
    const std::optional<std::size_t> at = first_brace(next);
    if (!at) {
      done.push_back(next);
    } else {
      Brace brace = read_brace(next, *at);
      brace.commas.push_back(brace.end);
      std::size_t begin = *at + 1;
      for (const std::size_t comma : brace.commas) {
        open.push_back(next.substr(0, *at) + next.substr(begin, comma - begin) +
                       next.substr(brace.end + 1));
        begin = comma + 1;
      }
    }
    if (done.size() + open.size() > kAlternativesMax) {
      refuse(pattern,
             "stands for more than " + std::to_string(kAlternativesMax) + " without its braces");
    }
  }
  std::sort(done.begin(), done.end());
  done.erase(std::unique(done.begin(), done.end()), done.end());
  return done;
}

bool GlobPattern::Token::takes(char32_t c) const noexcept {
  if (kind == Kind::Any) return true;
  if (kind == Kind::One) return c == character;
  const bool inside = std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
    return range.first <= c && c <= range.second;
  });
  return inside != negated;
}

GlobPattern GlobPattern::compile(std::string_view pattern) {
  GlobPattern compiled;
  std::size_t at = 0;
  // A character of the pattern, by itself or behind a backslash.
  const auto character = [&]() -> char32_t {
    if (pattern[at] == '\\') {
      if (++at == pattern.size()) {
        refuse(pattern, "ends with a backslash; write \\\\ for the character itself");
      }
    }
    return next_character(pattern, at);
  };
  bool literal = true;
  while (at < pattern.size()) {
    Token token;
    const std::size_t begin = at;
    switch (pattern[at]) {
      case '*':
        token.kind = Token::Kind::Star;
        ++at;
        break;
      case '?':
        token.kind = Token::Kind::Any;
        ++at;
        break;
      case '[': {
        token.kind = Token::Kind::Class;
        ++at;
        if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) {
          token.negated = true;
          ++at;
        }
        do {
          if (at >= pattern.size()) {
            refuse(pattern, "has a [ without a ]; write \\[ for the character itself");
          }
          const char32_t low = character();
          char32_t high = low;
          if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
            ++at;
            high = character();
          }
          if (high < low) refuse(pattern, "has a range whose end is before its begin");
          token.ranges.emplace_back(low, high);
        } while (at >= pattern.size() || pattern[at] != ']');
        ++at;
        break;
      }
      default: {
        token.character = character();
        const std::size_t first = pattern[begin] == '\\' ? begin + 1 : begin;
        if (literal) compiled.literal_ += pattern.substr(first, at - first);
        break;
      }
    }
    literal = literal && token.kind == Token::Kind::One;
    if (literal) continue;
    const bool star = token.kind == Token::Kind::Star;
    const bool after_star =
        !compiled.tokens_.empty() && compiled.tokens_.back().kind == Token::Kind::Star;
    if (!(star && after_star)) compiled.tokens_.push_back(std::move(token));
  }
  if (!compiled.tokens_.empty()) {
    const bool one_star =
        compiled.tokens_.size() == 1 && compiled.tokens_.front().kind == Token::Kind::Star;
    compiled.rest_ = one_star ? Rest::Anything : Rest::Pattern;
  }
  return compiled;
}

storm_rc GlobPattern::match(std::string_view text, std::size_t& steps) const noexcept {
  if (rest_ == Rest::Nothing) return text == literal_ ? STORM_YES : STORM_OK;
  if (!text.starts_with(literal_)) return STORM_OK;
  if (rest_ == Rest::Anything) return STORM_YES;
  // Only the last star that was met can be wrong about how much it took.
  std::size_t at = literal_.size(), token = 0;
  std::size_t star = tokens_.size(), star_at = 0;
  while (at < text.size()) {
    if (++steps > kStepsMax) return STORM_E_QUOTA;
    if (token < tokens_.size() && tokens_[token].kind == Token::Kind::Star) {
      star = token++;
      star_at = at;
      continue;
    }
    std::size_t behind = at;
    const char32_t c = next_character(text, behind);
    if (token < tokens_.size() && tokens_[token].takes(c)) {
      at = behind;
      ++token;
    } else if (star < tokens_.size()) {
      next_character(text, star_at);
      at = star_at;
      token = star + 1;
    } else {
      return STORM_OK;
    }
  }
  while (token < tokens_.size() && tokens_[token].kind == Token::Kind::Star) ++token;
  return token == tokens_.size() ? STORM_YES : STORM_OK;
}

}  // namespace storm::glob
