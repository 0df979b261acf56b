#include "core/document/packed_text.hpp"

#include <zstd.h>

#include <cstring>
#include <memory>
#include <new>

#include "core/base/assert.hpp"

namespace storm {
namespace {

constexpr std::size_t kShortText = 48;  // shorter texts do not get shorter
constexpr std::size_t kScratchKept = std::size_t{256} * 1024;

// What packing and unpacking needs for itself, of each thread that does it.
struct Workshop {
  struct End {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, End> packer;
  std::unique_ptr<ZSTD_DCtx, End> unpacker;
  std::string scratch;
};

Workshop& workshop() {
  thread_local Workshop mine;
  return mine;
}

ZSTD_DCtx* unpacker() {
  Workshop& mine = workshop();
  if (!mine.unpacker) mine.unpacker.reset(ZSTD_createDCtx());
  STORM_ASSERT(mine.unpacker);
  return mine.unpacker.get();
}

// False when it cannot be unpacked to exactly that size.
bool unpack(std::string_view bytes, const TextDictionary* dictionary, char* to, std::size_t size) {
  ZSTD_DCtx* const context = unpacker();
  const std::size_t done = dictionary
                               ? ZSTD_decompress_usingDDict(context, to, size, bytes.data(),
                                                            bytes.size(), dictionary->unpacker())
                               : ZSTD_decompressDCtx(context, to, size, bytes.data(), bytes.size());
  return ZSTD_isError(done) == 0 && done == size;
}

}  // namespace

void PackedText::Block::release() const {
  if (count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  ::operator delete(const_cast<void*>(static_cast<const void*>(this)));
}

PackedText PackedText::make(std::string_view bytes, bool packed, SharedDictionary dictionary) {
  STORM_ASSERT(bytes.size() <= kPackedTextMax);
  char* const place = static_cast<char*>(::operator new(sizeof(Block) + bytes.size()));
  const auto size = static_cast<std::uint32_t>(bytes.size());
  auto* const block = new (place) Block{1, packed, size & 0x7FFFFFFFU, std::move(dictionary)};
  if (!bytes.empty()) std::memcpy(place + sizeof(Block), bytes.data(), bytes.size());
  PackedText text;
  text.block_ = Counted<const Block>::adopt(block);
  return text;
}

PackedText PackedText::raw(std::string_view text) { return make(text, false, nullptr); }

PackedText PackedText::pack(std::string_view text, const SharedDictionary& dictionary) {
  if (text.size() < kShortText) return raw(text);
  Workshop& mine = workshop();
  if (!mine.packer) {
    mine.packer.reset(ZSTD_createCCtx());
    STORM_ASSERT(mine.packer);
    ZSTD_CCtx_setParameter(mine.packer.get(), ZSTD_c_compressionLevel, kPackLevel);
    // The dictionary is known from elsewhere.
    ZSTD_CCtx_setParameter(mine.packer.get(), ZSTD_c_dictIDFlag, 0);
  }
  ZSTD_CCtx* const context = mine.packer.get();
  const std::size_t bound = ZSTD_compressBound(text.size());
  if (mine.scratch.size() < bound) mine.scratch.resize(bound);
  std::size_t size = ZSTD_CCtx_refCDict(context, dictionary ? dictionary->packer() : nullptr);
  if (ZSTD_isError(size) == 0) {
    size =
        ZSTD_compress2(context, mine.scratch.data(), mine.scratch.size(), text.data(), text.size());
  }
  const bool shorter = ZSTD_isError(size) == 0 && size < text.size();
  PackedText packed = shorter ? make({mine.scratch.data(), size}, true, dictionary) : raw(text);
  if (mine.scratch.size() > kScratchKept) mine.scratch = {};
  return packed;
}

Result<PackedText> PackedText::from_packed(std::string_view bytes,
                                           const SharedDictionary& dictionary) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  // Both errors of the library are beyond the limit as well.
  if (size > kPackedTextMax || bytes.size() > kPackedTextMax) {
    return Error{Errc::Io, "a packed text is damaged"};
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!unpack(bytes, dictionary.get(), text.data(), text.size())) {
    return Error{Errc::Io, "a packed text is damaged"};
  }
  return make(bytes, true, dictionary);
}

std::size_t PackedText::size() const {
  if (!block_->packed) return block_->size;
  return static_cast<std::size_t>(ZSTD_getFrameContentSize(block_->data(), block_->size));
}

std::string PackedText::text() const {
  std::string out;
  append_to(out);
  return out;
}

void PackedText::append_to(std::string& out) const {
  if (!block_->packed) {
    out.append(bytes());
    return;
  }
  const std::size_t before = out.size();
  const std::size_t added = size();
  out.resize(before + added);
  // Bytes from elsewhere were tried when they came.
  STORM_ASSERT(unpack(bytes(), block_->dictionary.get(), out.data() + before, added));
}

bool PackedText::is_packed() const { return block_->packed != 0; }

std::string_view PackedText::bytes() const { return {block_->data(), block_->size}; }

const SharedDictionary& PackedText::dictionary() const { return block_->dictionary; }

bool operator==(const PackedText& a, const PackedText& b) {
  if (a.block_ == b.block_) return true;
  if (!a || !b || a.size() != b.size()) return false;
  const bool same_form = a.is_packed() == b.is_packed() && a.dictionary() == b.dictionary();
  if (same_form && (a.bytes() == b.bytes() || !a.is_packed())) return a.bytes() == b.bytes();
  // Another dictionary, or another version of the library, packs the same text to other bytes.
  return a.text() == b.text();
}

}  // namespace storm
