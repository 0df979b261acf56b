// TextPacker: packs texts as they pass, and trains dictionaries from them: the first one after a
// thousand texts, others when the texts have become different enough to gain by it. Knows every
// dictionary that is in use. [any-thread]
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/document/packed_text.hpp"
#include "core/document/text_dictionary.hpp"

namespace storm {

inline constexpr std::size_t kTrainingTexts = 1000;                     // before the first training
inline constexpr std::size_t kTrainingBytes = std::size_t{256} * 1024;  // of samples, at least
inline constexpr std::size_t kDictionariesMax = 8;  // in use at once; then no more are trained
inline constexpr std::size_t kSamplesMax = 1000;
inline constexpr std::size_t kSampleBytesMax = std::size_t{8} * 1024;  // of one; the rest is left

class TextPacker {
 public:
  // Packs with the current dictionary. Now and then it trains one, for some tenths of a second.
  PackedText pack(std::string_view text);
  // The same, but learns nothing and never takes long.
  PackedText pack_only(std::string_view text) const;

  // A dictionary of texts from elsewhere.
  void add(SharedDictionary dictionary);
  SharedDictionary find(std::string_view key) const;  // null when it is not known
  // From now on packs with the dictionary that most texts use; answers those that none uses and
  // forgets them.
  std::vector<SharedDictionary> settle();
  SharedDictionary current() const;  // null: none yet

 private:
  void sample(std::string_view text);
  void train();
  void drop_unused();

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<SharedDictionary> dictionaries_;
  SharedDictionary current_;
  std::vector<std::string> samples_;  // each text since the last training had the same chance
  std::uint64_t texts_ = 0;           // seen
  std::uint64_t texts_sampled_ = 0;   // of them since the last training
  std::uint64_t next_training_ = kTrainingTexts;
  std::uint64_t chance_ = 1;
  bool training_ = false;
};

}  // namespace storm
