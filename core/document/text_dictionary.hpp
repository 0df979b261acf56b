// TextDictionary: what many texts have in common, trained from samples of them, so that each can be
// packed by itself to a fraction. Immutable; lives as long as somebody, or a text packed with it,
// refers to it. [any-thread]
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/counted.hpp"
#include "core/base/result.hpp"

struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace storm {

inline constexpr std::size_t kDictionaryBytes = std::size_t{64} * 1024;       // as trained
inline constexpr std::size_t kDictionaryBytesMax = std::size_t{1024} * 1024;  // as read

class TextDictionary;
using SharedDictionary = Counted<const TextDictionary>;

class TextDictionary {
 public:
  // Fails when the samples are too few or too short to have anything in common. Takes some tenths
  // of a second for a thousand samples.
  static Result<SharedDictionary> train(std::span<const std::string> samples);
  // Of bytes() of one that was trained before.
  static Result<SharedDictionary> from_bytes(std::string bytes);

  const std::string& bytes() const { return bytes_; }
  const std::string& key() const { return key_; }  // the same for the same bytes
  // Other owners than the one that asks: texts, mostly.
  std::size_t users() const { return count_.load(std::memory_order_relaxed) - 1; }

  const ZSTD_CDict_s* packer() const { return packer_; }
  const ZSTD_DDict_s* unpacker() const { return unpacker_; }

  void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  TextDictionary(const TextDictionary&) = delete;
  TextDictionary& operator=(const TextDictionary&) = delete;

 private:
  explicit TextDictionary(std::string bytes);
  ~TextDictionary();

  const std::string bytes_;
  const std::string key_;
  ZSTD_CDict_s* const packer_;
  ZSTD_DDict_s* const unpacker_;
  mutable std::atomic<std::size_t> count_{1};
};

}  // namespace storm
