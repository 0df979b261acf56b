#include "core/document/text_dictionary.hpp"

#include <fmt/format.h>
#include <zdict.h>
#include <zstd.h>

#include <vector>

#include "core/document/packed_text.hpp"

namespace storm {
namespace {

// FNV-1a. Tells apart the few dictionaries of one store, and shows a damaged one.
std::string key_of(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

TextDictionary::TextDictionary(std::string bytes)
    : bytes_(std::move(bytes)),
      key_(key_of(bytes_)),
      packer_(ZSTD_createCDict(bytes_.data(), bytes_.size(), kPackLevel)),
      unpacker_(ZSTD_createDDict(bytes_.data(), bytes_.size())) {}

TextDictionary::~TextDictionary() {
  ZSTD_freeCDict(packer_);
  ZSTD_freeDDict(unpacker_);
}

Result<SharedDictionary> TextDictionary::train(std::span<const std::string> samples) {
  std::string all;
  std::vector<std::size_t> sizes;
  sizes.reserve(samples.size());
  for (const std::string& sample : samples) {
    all += sample;
    sizes.push_back(sample.size());
  }
  std::string bytes(kDictionaryBytes, '\0');
  const std::size_t size = ZDICT_trainFromBuffer(bytes.data(), bytes.size(), all.data(),
                                                 sizes.data(), static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size) != 0) {
    return Error{Errc::InvalidArgument,
                 fmt::format("no dictionary can be trained: {}", ZDICT_getErrorName(size))};
  }
  bytes.resize(size);
  return from_bytes(std::move(bytes));
}

Result<SharedDictionary> TextDictionary::from_bytes(std::string bytes) {
  if (bytes.size() > kDictionaryBytesMax) {
    return Error{Errc::InvalidArgument, "it is too large for a dictionary"};
  }
  auto made = SharedDictionary::adopt(new TextDictionary(std::move(bytes)));
  if (!made->packer_ || !made->unpacker_ ||
      ZDICT_getDictID(made->bytes_.data(), made->bytes_.size()) == 0) {
    return Error{Errc::InvalidArgument, "it is no dictionary"};
  }
  return made;
}

}  // namespace storm
