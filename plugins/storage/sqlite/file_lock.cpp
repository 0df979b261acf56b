#include "file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "database.hpp"

namespace storm::sqlite {
namespace {

// " by process 4711", or nothing when the holder has not written its number yet.
std::string holder_of(int descriptor) {
  std::array<char, 24> text{};
  const ssize_t length = pread(descriptor, text.data(), text.size() - 1, 0);
  const std::string_view digits(text.data(),
                                length > 0 ? std::strspn(text.data(), "0123456789") : 0);
  return digits.empty() ? "" : " by process " + std::string(digits);
}

}  // namespace

// A file of its own, not the database: closing any descriptor of the database would drop the locks
// that SQLite holds on it for this process.
FileLock::FileLock(const std::string& lock_path, const std::string& guarded)
    : descriptor_(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode)) {
  if (descriptor_ < 0) throw system_fault(errno, "cannot create the lock file " + lock_path);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int problem = errno;
    const std::string holder = holder_of(descriptor_);
    close(descriptor_);
    if (problem != EWOULDBLOCK) throw system_fault(problem, "cannot lock " + lock_path);
    throw sdk::Fault(STORM_E_BUSY, "the store " + guarded + " is in use" + holder +
                                       ": stop it, or give this one a path of its own")
        .retry(STORM_RETRY_LATER);
  }
  // Only information: a lock without a number is a lock all the same.
  const std::string number = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(descriptor_, number.data(), number.size(), 0);
  }
}

FileLock::~FileLock() { close(descriptor_); }

}  // namespace storm::sqlite
