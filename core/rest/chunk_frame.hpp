// ChunkFrame: what stands around a piece of a body whose length is not told ahead (RFC 9112, 7.1).
// A value; lives as long as a write of its texts is under way.
#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace storm::rest {

class ChunkFrame {
 public:
  // Before a piece of that size, which is not empty.
  std::string_view open(std::size_t size) {
    char* end = std::to_chars(text_.data(), text_.data() + text_.size() - 2, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return {text_.data(), static_cast<std::size_t>(end - text_.data())};
  }
  // After it.
  static constexpr std::string_view kClose = "\r\n";
  static constexpr std::string_view kCloseLast = "\r\n0\r\n\r\n";
  // After the last, when nothing was known of that yet.
  static constexpr std::string_view kEnd = "0\r\n\r\n";

 private:
  std::array<char, 2 * sizeof(std::size_t) + 2> text_ = {};
};

}  // namespace storm::rest
