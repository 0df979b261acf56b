#include "plugins/executors/jsonl/followed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "plugins/executors/jsonl/line_parser.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::jsonl {
namespace {

constexpr std::size_t kChunkBytes = 1024 * 1024;  // read at once
constexpr std::size_t kProbeBytes = 1024;         // of head and tail

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw sdk::Fault(STORM_E_UNAVAILABLE, "cannot " + what + " " + path + ": " + std::strerror(error))
      .retry(STORM_RETRY_LATER);
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

std::optional<FollowedFile> FollowedFile::open(const std::string& path) {
  // Not to wait for the other end of a pipe, which is refused below.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(path, "open", errno);
  }
  FollowedFile file(path, fd);
  struct stat now {};
  if (fstat(fd, &now) != 0) fail(path, "look at", errno);
  if (!S_ISREG(now.st_mode)) {
    throw sdk::Fault(STORM_E_UNAVAILABLE, path + " is no regular file").retry(STORM_RETRY_LATER);
  }
  file.written_ = now.st_mtim;
  return file;
}

FollowedFile::FollowedFile(FollowedFile&& other) noexcept
    : path_(other.path_),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      searched_(other.searched_),
      end_(other.end_),
      offset_(other.offset_),
      number_(other.number_),
      skipping_(other.skipping_),
      head_(std::move(other.head_)),
      tail_(std::move(other.tail_)),
      written_(other.written_),
      grew_(other.grew_),
      unsure_since_(other.unsure_since_) {}

FollowedFile::~FollowedFile() {
  if (fd_ >= 0) close(fd_);
}

std::optional<Line> FollowedFile::next() {
  for (;;) {
    const char* const from = buffer_.data() + searched_;
    const auto* const found =
        searched_ < end_ ? static_cast<const char*>(std::memchr(from, '\n', end_ - searched_))
                         : nullptr;
    if (found) {
      const auto at = static_cast<std::size_t>(found - buffer_.data());
      Line line{number_++, {buffer_.data() + begin_, at - begin_}, skipping_};
      begin_ = searched_ = at + 1;
      if (std::exchange(skipping_, false) || line.text.size() > kLineBytesMax) {
        return Line{line.number, {}, true};
      }
      return line;
    }
    searched_ = end_;
    if (end_ - begin_ > kLineBytesMax) skipping_ = true;
    if (skipping_) begin_ = end_;
    if (!read_more()) return std::nullopt;
  }
}

std::optional<Line> FollowedFile::unfinished() const {
  if (skipping_ || begin_ == end_) return std::nullopt;
  return Line{number_, {buffer_.data() + begin_, end_ - begin_}, false};
}

bool FollowedFile::read_more() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    searched_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + kChunkBytes + kLinePadding) {
    buffer_.resize(std::max(2 * end_, end_ + kChunkBytes) + kLinePadding);
  }
  ssize_t got = 0;
  do {
    got = pread(fd_, buffer_.data() + end_, buffer_.size() - kLinePadding - end_,
                static_cast<off_t>(offset_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail(path_, "read", errno);
  if (got == 0) return false;
  const std::string_view bytes(buffer_.data() + end_, static_cast<std::size_t>(got));
  if (head_.size() < kProbeBytes) head_ += bytes.substr(0, kProbeBytes - head_.size());
  tail_ += bytes.substr(bytes.size() - std::min(bytes.size(), kProbeBytes));
  if (tail_.size() > kProbeBytes) tail_.erase(0, tail_.size() - kProbeBytes);
  end_ += bytes.size();
  offset_ += bytes.size();
  grew_ = true;
  return true;
}

bool FollowedFile::still_begins_and_ends_so() const {
  const auto same = [&](const std::string& known, std::uint64_t at) {
    std::string now(known.size(), '\0');
    const ssize_t got = pread(fd_, now.data(), now.size(), static_cast<off_t>(at));
    return got == static_cast<ssize_t>(now.size()) && now == known;
  };
  return same(head_, 0) && same(tail_, offset_ - tail_.size());
}

FollowedFile::State FollowedFile::state() {
  struct stat there {};
  struct stat here {};
  if (stat(path_.c_str(), &there) != 0) return State::Other;
  if (fstat(fd_, &here) != 0 || there.st_ino != here.st_ino || there.st_dev != here.st_dev) {
    return State::Other;
  }
  const auto size = static_cast<std::uint64_t>(here.st_size);
  if (size < offset_) return State::Other;
  if (same_time(here.st_mtim, written_)) {
    unsure_since_.reset();
    if (size == offset_) grew_ = false;
    return State::Same;
  }
  if (!still_begins_and_ends_so()) return State::Other;
  if (size > offset_) {
    unsure_since_.reset();
    return State::Same;
  }
  if (std::exchange(grew_, false)) {
    written_ = here.st_mtim;
    unsure_since_.reset();
    return State::Same;
  }
  // As long as before but written: in place, or by somebody whose bytes are not there yet, for
  // the time is set before the size.
  const auto now = std::chrono::steady_clock::now();
  if (!unsure_since_) unsure_since_ = now;
  return now - *unsure_since_ < kSettleTime ? State::Unsure : State::Other;
}

}  // namespace storm::jsonl
