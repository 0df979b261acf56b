// One pass over a JSON text that checks it and tells a visitor what it meets, where it stands in
// the text; nothing is built. Strict RFC 8259 in valid UTF-8; keys that come twice are not looked
// for. [any-thread]
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/document/json_scan.hpp"

namespace storm {

inline constexpr std::size_t kJsonWalkDepthMax = 200;

struct JsonString {
  std::string_view raw;  // between its quotes, as it stands there
  bool escaped = false;  // it has a backslash; append_unescaped() reads it
};

enum class JsonVerdict {
  No,
  Yes,
  Unsure,  // well-formed, but a number in it might be beyond a double
};

// Sees nothing; a visitor derives from it and hides what it wants to see.
struct JsonVisitor {
  void open(const char* /*at*/, bool /*array*/) {}
  void close(const char* /*end*/) {}
  void key(const JsonString& /*name*/) {}
  void string(const JsonString& /*value*/) {}
  void scalar(std::string_view /*raw*/) {}  // a number, true, false or null
};

template <typename Visitor>
class JsonWalk {
 public:
  // `depth_max` is at most kJsonWalkDepthMax.
  JsonWalk(std::string_view text, std::size_t depth_max, Visitor& visitor)
      : at_(text.data()),
        end_(text.data() + text.size()),
        depth_max_(std::min(depth_max, kJsonWalkDepthMax)),
        visitor_(visitor) {}

  // After a No the visitor has seen the beginning only.
  JsonVerdict run() {
    if (!walk()) return JsonVerdict::No;
    return unsure_ ? JsonVerdict::Unsure : JsonVerdict::Yes;
  }

 private:
  // Together below the range of a double.
  static constexpr std::ptrdiff_t kWholeDigitsMax = 200;
  static constexpr std::ptrdiff_t kExponentDigitsMax = 2;

  bool walk() {
    skip_space();
    do {
      if (at_ == end_) return false;
      if (*at_ == '{' || *at_ == '[') {
        bool inside = false;
        if (!open(inside)) return false;
        if (inside) continue;
      } else if (!scalar()) {
        return false;
      }
      if (!after_value()) return false;
    } while (depth_ > 0);
    skip_space();
    return at_ == end_;
  }
  // Leaves at_ before the first value inside, or after the closer of an empty one.
  bool open(bool& inside) {
    if (depth_ >= depth_max_) return false;
    const bool array = *at_ == '[';
    const char closer = array ? ']' : '}';
    visitor_.open(at_, array);
    ++at_;
    skip_space();
    if (at_ != end_ && *at_ == closer) {
      ++at_;
      visitor_.close(at_);
      return true;
    }
    inside = true;
    closers_[depth_++] = closer;
    return array || key();
  }
  // After a value: closes what ends here and stops before the next value, or at the end.
  bool after_value() {
    while (depth_ > 0) {
      skip_space();
      if (at_ == end_) return false;
      const char c = *at_++;
      if (c == ',') {
        skip_space();
        return closers_[depth_ - 1] == ']' || key();
      }
      if (c != closers_[depth_ - 1]) return false;
      --depth_;
      visitor_.close(at_);
    }
    return true;
  }
  bool key() {
    JsonString name;
    if (!string(name)) return false;
    visitor_.key(name);
    skip_space();
    if (at_ == end_ || *at_++ != ':') return false;
    skip_space();
    return true;
  }
  bool scalar() {
    const char* const first = at_;
    bool read = false;
    switch (*at_) {
      case '"': {
        JsonString value;
        if (!string(value)) return false;
        visitor_.string(value);
        return true;
      }
      case 't':
        read = word("true");
        break;
      case 'f':
        read = word("false");
        break;
      case 'n':
        read = word("null");
        break;
      default:
        read = number();
    }
    if (read) visitor_.scalar({first, static_cast<std::size_t>(at_ - first)});
    return read;
  }
  bool string(JsonString& out) {
    if (at_ == end_ || *at_ != '"') return false;
    const char* const first = ++at_;
    for (;;) {
      to_special();
      if (at_ == end_) return false;
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"') {
        out.raw = {first, static_cast<std::size_t>(at_ - first)};
        ++at_;
        return true;
      }
      if (byte == '\\') {
        out.escaped = true;
        if (!escape()) return false;
      } else {
        if (byte < 0x20) return false;
        const std::size_t length = utf8_length(at_, static_cast<std::size_t>(end_ - at_));
        if (length == 0) return false;
        at_ += length;
      }
    }
  }
  // To the next byte that is a quote, a backslash, a control character or not ASCII.
  void to_special() {
#if defined(__SSE2__)
    constexpr std::ptrdiff_t kLane = 16;
    for (; end_ - at_ >= kLane; at_ += kLane) {
      const __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      const __m128i quotes = _mm_cmpeq_epi8(lane, _mm_set1_epi8('"'));
      const __m128i backslashes = _mm_cmpeq_epi8(lane, _mm_set1_epi8('\\'));
      // Bytes beyond ASCII are negative.
      const __m128i others = _mm_cmplt_epi8(lane, _mm_set1_epi8(0x20));
      const int found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), others));
      if (found != 0) {
        at_ += std::countr_zero(static_cast<unsigned>(found));
        return;
      }
    }
#endif
    while (at_ != end_ && is_plain(*at_)) ++at_;
  }
  static bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte != '"' && byte != '\\' && byte >= 0x20 && byte < 0x80;
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
      const char folded = static_cast<char>(c | 0x20);
      if (!is_digit(c) && (folded < 'a' || folded > 'f')) return false;
      const int digit = is_digit(c) ? c - '0' : folded - 'a' + 10;
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }
  bool number() {
    if (*at_ == '-') ++at_;
    const char* const first = at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    unsure_ = unsure_ || at_ - first > kWholeDigitsMax;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ | 0x20) == 'e') {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      const char* const exponent = at_;
      if (!digits()) return false;
      unsure_ = unsure_ || at_ - exponent > kExponentDigitsMax;
    }
    return true;
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  bool digits() {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != first;
  }
  bool word(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        std::memcmp(at_, expected.data(), expected.size()) != 0) {
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
  Visitor& visitor_;
  std::size_t depth_ = 0;
  bool unsure_ = false;
  std::array<char, kJsonWalkDepthMax> closers_;  // of the objects and arrays that are open
};

}  // namespace storm
