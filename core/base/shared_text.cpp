#include "core/base/shared_text.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "core/base/assert.hpp"

namespace storm {

SharedText::SharedText(std::string_view text) {
  if (text.empty()) return;
  STORM_ASSERT(text.size() <= std::numeric_limits<std::uint32_t>::max());
  char* const place = static_cast<char*>(::operator new(sizeof(Block) + text.size()));
  auto* const block = new (place) Block{1, static_cast<std::uint32_t>(text.size())};
  std::memcpy(place + sizeof(Block), text.data(), text.size());
  block_ = Counted<const Block>::adopt(block);
}

void SharedText::Block::release() const {
  if (count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  ::operator delete(const_cast<void*>(static_cast<const void*>(this)));
}

}  // namespace storm
