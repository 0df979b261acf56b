// PackedText: an immutable text kept compressed, byte for byte what it was, mostly with a
// dictionary that many texts share. A value of the size of a pointer; copies share one allocation.
// [any-thread]
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/counted.hpp"
#include "core/base/result.hpp"
#include "core/document/text_dictionary.hpp"

namespace storm {

// Of zstd. ARCHITECTURE.md ("Decisions") has the figures of others.
inline constexpr int kPackLevel = 1;
inline constexpr std::size_t kPackedTextMax = std::size_t{64} * 1024 * 1024;

class PackedText {
 public:
  PackedText() = default;  // no text, which is not the empty text
  PackedText(std::nullptr_t) {}
  // As it is.  Requires: at most kPackedTextMax, here and below.
  static PackedText raw(std::string_view text);
  // As it is when that is not longer. No dictionary: packed by itself.
  static PackedText pack(std::string_view text, const SharedDictionary& dictionary);
  // From bytes() of a packed one and its dictionary. Bytes that cannot be unpacked are an error.
  static Result<PackedText> from_packed(std::string_view bytes, const SharedDictionary& dictionary);

  explicit operator bool() const { return static_cast<bool>(block_); }
  // The rest requires: there is a text.
  std::size_t size() const;  // of the text
  std::string text() const;
  void append_to(std::string& out) const;
  bool is_packed() const;
  std::string_view bytes() const;              // as kept: the text itself when it is not packed
  const SharedDictionary& dictionary() const;  // null: none

  // By the text; nearly always found without unpacking. No text equals no text alone.
  friend bool operator==(const PackedText& a, const PackedText& b);

 private:
  // Followed by the bytes.
  struct Block {
    mutable std::atomic<std::uint32_t> count;
    std::uint32_t packed : 1;
    std::uint32_t size : 31;  // of the bytes
    SharedDictionary dictionary;

    const char* data() const { return reinterpret_cast<const char*>(this + 1); }
    void retain() const { count.fetch_add(1, std::memory_order_relaxed); }
    void release() const;
  };

  static PackedText make(std::string_view bytes, bool packed, SharedDictionary dictionary);

  Counted<const Block> block_;
};

}  // namespace storm
