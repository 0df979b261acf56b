#include "core/base/text_list.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "core/base/assert.hpp"

namespace storm {

TextList::TextList(std::span<const std::string_view> texts) {
  if (texts.empty()) return;
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  const std::size_t numbers = texts.size() * sizeof(std::uint32_t);
  STORM_ASSERT(bytes + numbers <= std::numeric_limits<std::uint32_t>::max());
  char* const place = static_cast<char*>(::operator new(sizeof(Block) + numbers + bytes));
  auto* const block = new (place) Block{1, static_cast<std::uint32_t>(texts.size())};
  char* ends = place + sizeof(Block);
  char* const first = ends + numbers;
  char* to = first;
  for (const std::string_view text : texts) {
    to = std::copy(text.begin(), text.end(), to);
    const auto end = static_cast<std::uint32_t>(to - first);
    std::memcpy(ends, &end, sizeof end);
    ends += sizeof end;
  }
  block_ = Counted<const Block>::adopt(block);
}

TextList::TextList(const std::vector<std::string>& texts)
    : TextList(std::span<const std::string_view>(
          std::vector<std::string_view>(texts.begin(), texts.end()))) {}

TextList::operator std::vector<std::string>() const {
  std::vector<std::string> texts;
  texts.reserve(size());
  for (const std::string_view text : *this) texts.emplace_back(text);
  return texts;
}

std::string_view TextList::operator[](std::size_t index) const {
  const std::uint32_t begin = index == 0 ? 0 : block_->ends()[index - 1];
  return {block_->texts() + begin, block_->ends()[index] - begin};
}

std::strong_ordering operator<=>(const TextList& a, const TextList& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

void TextList::Block::release() const {
  if (count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  ::operator delete(const_cast<void*>(static_cast<const void*>(this)));
}

}  // namespace storm
