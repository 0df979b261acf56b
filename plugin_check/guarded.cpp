#include "plugin_check/guarded.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace storm::plugin_check {

Guarded::Guarded(const void* bytes, std::size_t size) : size_(size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  room_ = (size + page - 1) / page * page + page;
  pages_ =
      ::mmap(nullptr, room_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages_ == MAP_FAILED) std::abort();
  ::mprotect(static_cast<char*>(pages_) + room_, page, PROT_NONE);
  data_ = static_cast<char*>(pages_) + room_ - size;
  if (size > 0) std::memcpy(data_, bytes, size);
}

void Guarded::take_away() { ::mprotect(pages_, room_, PROT_NONE); }

}  // namespace storm::plugin_check
