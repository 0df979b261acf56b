#include "core/document/text_packer.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace storm {
namespace {

// Trainings are eight times as many texts apart each time, up to this.
constexpr std::uint64_t kTrainingGrowth = 8;
constexpr std::uint64_t kTrainingIntervalMax = 1'000'000;
// One sample of so many judges the dictionary that the others made.
constexpr std::size_t kJudges = 5;
// A new dictionary must save so much of what the current one leaves: the old texts keep theirs.
constexpr double kWorthwhile = 0.9;

std::size_t packed_bytes(std::span<const std::string> texts, const SharedDictionary& dictionary) {
  std::size_t total = 0;
  for (const std::string& text : texts) total += PackedText::pack(text, dictionary).bytes().size();
  return total;
}

}  // namespace

PackedText TextPacker::pack(std::string_view text) {
  SharedDictionary dictionary;
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    ++texts_;
    if (!training_) sample(text);
    due = !training_ && texts_ >= next_training_;
    training_ = training_ || due;
    dictionary = current_;
  }
  if (due) {
    train();
    dictionary = current();
  }
  return PackedText::pack(text, dictionary);
}

PackedText TextPacker::pack_only(std::string_view text) const {
  return PackedText::pack(text, current());
}

void TextPacker::add(SharedDictionary dictionary) {
  const std::lock_guard lock(mutex_);
  dictionaries_.push_back(std::move(dictionary));
}

SharedDictionary TextPacker::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  for (const SharedDictionary& dictionary : dictionaries_) {
    if (dictionary->key() == key) return dictionary;
  }
  return nullptr;
}

SharedDictionary TextPacker::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::vector<SharedDictionary> TextPacker::settle() {
  const std::lock_guard lock(mutex_);
  const auto most =
      std::max_element(dictionaries_.begin(), dictionaries_.end(),
                       [](const auto& a, const auto& b) { return a->users() < b->users(); });
  if (!current_ && most != dictionaries_.end() && (*most)->users() > 0) current_ = *most;
  const auto unused = std::stable_partition(
      dictionaries_.begin(), dictionaries_.end(),
      [](const SharedDictionary& dictionary) { return dictionary->users() > 0; });
  std::vector<SharedDictionary> forgotten(unused, dictionaries_.end());
  dictionaries_.erase(unused, dictionaries_.end());
  return forgotten;
}

// Requires: the lock. Each text has the same chance to be among the samples, wherever it comes.
void TextPacker::sample(std::string_view text) {
  ++texts_sampled_;
  const std::string_view part = text.substr(0, kSampleBytesMax);
  if (samples_.size() < kSamplesMax) {
    samples_.emplace_back(part);
    return;
  }
  chance_ = chance_ * 6364136223846793005U + 1442695040888963407U;
  const std::uint64_t place = (chance_ >> 33) % texts_sampled_;
  if (place < samples_.size()) samples_[place].assign(part);
}

// Without the lock: others go on packing with what there is. Requires: training_, which keeps the
// samples from others.
void TextPacker::train() {
  std::vector<std::string> samples;
  SharedDictionary known;
  {
    const std::lock_guard lock(mutex_);
    drop_unused();
    if (dictionaries_.size() < kDictionariesMax) samples.swap(samples_);
    known = current_;
  }
  SharedDictionary better;
  std::size_t bytes = 0;
  for (const std::string& sample : samples) bytes += sample.size();
  if (bytes >= kTrainingBytes) {
    // In the order of their coming the last ones could be of another kind.
    std::vector<std::string> judges;
    for (std::size_t i = samples.size(); i > 0; --i) {
      if (i % kJudges != 0) continue;
      std::swap(samples[i - 1], samples.back());
      judges.push_back(std::move(samples.back()));
      samples.pop_back();
    }
    auto trained = TextDictionary::train(samples);
    if (trained && static_cast<double>(packed_bytes(judges, *trained)) <
                       kWorthwhile * static_cast<double>(packed_bytes(judges, known))) {
      better = std::move(*trained);
    }
  }
  const std::lock_guard lock(mutex_);
  if (better) {
    dictionaries_.push_back(better);
    current_ = std::move(better);
  }
  next_training_ = std::min(texts_ * kTrainingGrowth, texts_ + kTrainingIntervalMax);
  samples_.clear();
  texts_sampled_ = 0;
  training_ = false;
}

// Requires: the lock.
void TextPacker::drop_unused() {
  std::erase_if(dictionaries_, [&](const SharedDictionary& dictionary) {
    return dictionary != current_ && dictionary->users() == 0;
  });
}

}  // namespace storm
