#include "journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "storm/cpp/fault.hpp"

namespace journal {
namespace {

using storm::sdk::Fault;

constexpr mode_t kFileMode = 0600;
constexpr std::uint32_t kMagic = 0x4C524A53;  // "SJRL"

// What stands before each record. Numbers are little-endian, as every machine of the ABI.
struct Header {
  std::uint32_t magic;
  std::uint32_t header_sum;  // of the two below
  std::uint64_t length;
  std::uint32_t record_sum;
  std::uint32_t zero;
};
static_assert(sizeof(Header) == 24);

std::uint32_t checksum(std::string_view bytes) {  // CRC-32
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320U : 0);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t sum = ~0U;
  for (const char c : bytes) sum = sum >> 8 ^ kTable[(sum ^ static_cast<unsigned char>(c)) & 0xFFU];
  return ~sum;
}

std::uint32_t header_sum(const Header& header) {
  std::array<char, 12> bytes{};
  std::memcpy(bytes.data(), &header.length, 8);
  std::memcpy(bytes.data() + 8, &header.record_sum, 4);
  return checksum({bytes.data(), bytes.size()});
}

bool is_header(std::string_view bytes, Header& header) {
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.magic == kMagic && header.header_sum == header_sum(header);
}

// " by process 4711", or nothing when the holder has not written its number yet.
std::string holder_of(int lock) {
  std::array<char, 24> text{};
  const ssize_t length = pread(lock, text.data(), text.size() - 1, 0);
  const std::string digits(text.data(), length > 0 ? std::strspn(text.data(), "0123456789") : 0);
  return digits.empty() ? "" : " by process " + digits;
}

}  // namespace

void Journal::fail(int problem, const std::string& what) const {
  const std::string message = "the store " + path_ + ": " + what + ": ";
  if (problem == ENOSPC || problem == EDQUOT || problem == EFBIG) {
    throw Fault(STORM_E_QUOTA, message + "the disk is full; make room for it")
        .retry(STORM_RETRY_LATER);
  }
  throw Fault(STORM_E_UNAVAILABLE, message + std::strerror(problem)).retry(STORM_RETRY_LATER);
}

void Journal::lock() {
  const std::string lock_path = path_ + ".lock";
  lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (lock_ < 0) fail(errno, "cannot create its lock file");
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int problem = errno;
    const std::string holder = holder_of(lock_);
    ::close(lock_);
    lock_ = -1;
    if (problem != EWOULDBLOCK) fail(problem, "cannot be locked");
    throw Fault(STORM_E_BUSY, "the store " + path_ + " is in use" + holder +
                                  ": stop it, or give this one a path of its own")
        .retry(STORM_RETRY_LATER);
  }
  // Only information: a lock without a number is a lock all the same.
  const std::string number = std::to_string(getpid()) + "\n";
  if (ftruncate(lock_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(lock_, number.data(), number.size(), 0);
  }
}

void Journal::open(const Take& take) {
  close();
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failed);
  lock();
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (file_ < 0) fail(errno, "cannot be opened");
  broken_ = false;
  read(take);
}

void Journal::read(const Take& take) {
  struct stat status {};
  if (fstat(file_, &status) != 0) fail(errno, "cannot be read");
  std::string all(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t have = 0; have < all.size();) {
    const ssize_t count =
        pread(file_, all.data() + have, all.size() - have, static_cast<off_t>(have));
    if (count <= 0) fail(count == 0 ? EIO : errno, "cannot be read");
    have += static_cast<std::size_t>(count);
  }
  const std::string_view bytes(all);
  Header header{};
  for (end_ = 0; is_header(bytes.substr(end_), header);) {
    const std::string_view record = bytes.substr(end_ + sizeof header, header.length);
    if (record.size() != header.length || checksum(record) != header.record_sum) break;
    take(record);
    end_ += sizeof header + header.length;
  }
  // Each record was on the disk before the next was begun, so only the last one can be cut off:
  // where another begins behind a bad one, something else has happened.
  for (std::size_t at = end_ + 1; at + sizeof header <= bytes.size(); ++at) {
    if (!is_header(bytes.substr(at), header)) continue;
    throw Fault(STORM_E_CORRUPT, "the store " + path_ + " is damaged at byte " +
                                     std::to_string(end_) + "; restore it from a backup");
  }
  if (end_ < bytes.size() && ftruncate(file_, static_cast<off_t>(end_)) != 0) {
    fail(errno, "cannot be cut to its last whole record");
  }
}

void Journal::write_all(std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(count == 0 ? ENOSPC : errno, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
}

void Journal::sync() {
  if (fdatasync(file_) != 0) fail(errno, "cannot be written");
}

void Journal::append(std::string_view record) {
  if (file_ < 0) throw Fault(STORM_E_UNAVAILABLE, "the store " + path_ + " is not open");
  if (broken_) {
    throw Fault(STORM_E_UNAVAILABLE, "the store " + path_ +
                                         " could not be put back after a failed write; restart, "
                                         "so that it is read again");
  }
  if (record.size() > kRecordBytesMax) {
    throw Fault(STORM_E_INVALID, "a transaction is over the limit of the store " + path_);
  }
  Header header{kMagic, 0, record.size(), checksum(record), 0};
  header.header_sum = header_sum(header);
  try {
    write_all({reinterpret_cast<const char*>(&header), sizeof header}, end_);
    write_all(record, end_ + sizeof header);
    sync();
  } catch (...) {
    broken_ = ftruncate(file_, static_cast<off_t>(end_)) != 0 || fdatasync(file_) != 0;
    throw;
  }
  end_ += sizeof header + record.size();
}

void Journal::replace(const std::function<void(Journal& fresh)>& write) {
  Journal fresh(path_ + ".new");
  fresh.file_ =
      ::open(fresh.path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fresh.file_ < 0) fail(errno, "cannot be written anew");
  try {
    write(fresh);
    if (rename(fresh.path_.c_str(), path_.c_str()) != 0) fail(errno, "cannot be replaced");
  } catch (...) {
    unlink(fresh.path_.c_str());
    throw;
  }
  std::swap(file_, fresh.file_);
  std::swap(end_, fresh.end_);
  // The new name is on the disk when the folder is.
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int directory = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = directory >= 0 && fsync(directory) == 0;
  if (directory >= 0) ::close(directory);
  if (!kept) {
    broken_ = true;  // which of the two a crash would leave is not known
    fail(errno, "cannot be replaced");
  }
}

void Journal::close() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
  file_ = lock_ = -1;
  end_ = 0;
}

}  // namespace journal
