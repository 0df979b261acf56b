#include "core/document/json_scan.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

namespace storm {
namespace {

// Together below the range of a double.
constexpr std::ptrdiff_t kWholeDigitsMax = 200;
constexpr std::ptrdiff_t kExponentDigitsMax = 2;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_continuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

// Bytes of the well-formed UTF-8 sequence that starts here; 0 when it is none.
std::size_t sequence_length(const char* text, std::size_t left) {
  const auto* const at = reinterpret_cast<const unsigned char*>(text);
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at[i])) return 0;
  }
  if (lead == 0xE0 && at[1] < 0xA0) return 0;   // overlong
  if (lead == 0xED && at[1] >= 0xA0) return 0;  // surrogates
  if (lead == 0xF0 && at[1] < 0x90) return 0;   // overlong
  if (lead == 0xF4 && at[1] >= 0x90) return 0;  // past U+10FFFF
  return length;
}

// The high bit of each byte that is a quote, a backslash, a control character or not ASCII; a byte
// above such a one may be marked too, never the other way round.
std::uint64_t special_bytes(std::uint64_t block) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto zeroes = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  const std::uint64_t control = (block - kOnes * 0x20) & ~block & kHighs;
  return zeroes(block ^ (kOnes * '"')) | zeroes(block ^ (kOnes * '\\')) | control |
         (block & kHighs);
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t depth_max)
      : at_(text.data()), end_(text.data() + text.size()), depth_max_(depth_max) {}

  bool run() {
    bool value_done = false;
    do {
      skip_space();
      if (at_ == end_) return false;
      if (*at_ == '{' || *at_ == '[') {
        if (!open(value_done)) return false;
      } else {
        if (!scalar()) return false;
        value_done = true;
      }
      if (value_done && !after_value()) return false;
    } while (!closers_.empty());
    skip_space();
    return at_ == end_;
  }

 private:
  // Leaves at_ before the first value inside, or after the closer of an empty one.
  bool open(bool& value_done) {
    if (closers_.size() >= depth_max_) return false;
    const char closer = *at_++ == '{' ? '}' : ']';
    skip_space();
    value_done = at_ != end_ && *at_ == closer;
    if (value_done) {
      ++at_;
      return true;
    }
    closers_.push_back(closer);
    return closer == ']' || key();
  }
  // After a value: closes what ends here and stops before the next value, or at the end.
  bool after_value() {
    while (!closers_.empty()) {
      skip_space();
      if (at_ == end_) return false;
      const char c = *at_++;
      if (c == ',') {
        if (closers_.back() == ']') return true;
        skip_space();
        return key();
      }
      if (c != closers_.back()) return false;
      closers_.pop_back();
    }
    return true;
  }
  bool key() {
    if (!string()) return false;
    skip_space();
    return at_ != end_ && *at_++ == ':';
  }
  bool scalar() {
    switch (*at_) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }
  bool string() {
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    while (at_ != end_) {
      if (end_ - at_ >= 8) {
        std::uint64_t block = 0;
        std::memcpy(&block, at_, sizeof block);
        if (special_bytes(block) == 0) {
          at_ += 8;
          continue;
        }
      }
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte == '\\') {
        if (!escape()) return false;
      } else {
        if (byte < 0x20) return false;
        const std::size_t length = sequence_length(at_, static_cast<std::size_t>(end_ - at_));
        if (length == 0) return false;
        at_ += length;
      }
    }
    return false;
  }
  bool escape() {
    ++at_;
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::strchr("\"\\/bfnrt", c) != nullptr && c != '\0';
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF) return false;
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
    at_ += 2;
    return hex4(unit) && unit >= 0xDC00 && unit <= 0xDFFF;
  }
  bool hex4(unsigned& unit) {
    if (end_ - at_ < 4) return false;
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_++;
      if (!is_hex(c)) return false;
      const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }
  bool number() {
    if (at_ != end_ && *at_ == '-') ++at_;
    const char* const first = at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    if (at_ - first > kWholeDigitsMax) return false;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ | 0x20) == 'e') {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      const char* const exponent = at_;
      if (!digits() || at_ - exponent > kExponentDigitsMax) return false;
    }
    return true;
  }
  bool digits() {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != first;
  }
  bool word(std::string_view expected) {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, expected.size()) !=
        expected) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  const char* at_;
  const char* const end_;
  const std::size_t depth_max_;
  std::vector<char> closers_;  // of the objects and arrays that are open
};

}  // namespace

bool is_json(std::string_view text, std::size_t depth_max) {
  return Scanner(text, depth_max).run();
}

bool is_utf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    // Eight ASCII bytes at a time: most text of clouds is nothing else.
    if (end - at >= 8) {
      std::uint64_t block = 0;
      std::memcpy(&block, at, sizeof block);
      if ((block & 0x8080808080808080U) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = sequence_length(at, static_cast<std::size_t>(end - at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace storm
