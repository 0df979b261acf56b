// A file of lines that grows: gives each line once, and tells when the file is not the one any more
// that was read (replaced, cut, written anew). One thread at a time; owns its descriptor.
#pragma once
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storm::jsonl {

inline constexpr std::size_t kLineBytesMax =
    17UL * 1024 * 1024;  // a snapshot of 16 MiB and the rest

struct Line {
  std::uint64_t number = 0;  // from 1
  std::string_view text;     // without its end; kLinePadding readable bytes follow it
  bool too_long = false;     // of more than kLineBytesMax; text is empty
};

class FollowedFile {
 public:
  // Nothing when there is no such file (yet). Throws sdk::Fault when it cannot be read.
  static std::optional<FollowedFile> open(const std::string& path);
  FollowedFile(FollowedFile&& other) noexcept;
  FollowedFile& operator=(FollowedFile&&) = delete;
  ~FollowedFile();

  // The next line that has its end; nothing: there is none for now. A line is valid until the next
  // call. Throws sdk::Fault when the file cannot be read.
  std::optional<Line> next();
  // What stands after the last line's end, if anything; a writer may be about to go on with it.
  std::optional<Line> unfinished() const;
  // It was whole after all: next() does not give it again.
  void take_unfinished() { begin_ = end_; }

  enum class State { Same, Unsure, Other };
  // Whether the path still leads to what was read, once next() gave nothing. Unsure: it was written
  // and did not grow, which a writer's next bytes explain if they come within kSettleTime.
  State state();

  static constexpr std::chrono::milliseconds kSettleTime{150};

 private:
  FollowedFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  // False at the end of the file.
  bool read_more();
  bool still_begins_and_ends_so() const;

  const std::string path_;
  int fd_;
  std::vector<char> buffer_;  // with kLinePadding spare bytes at its end
  std::size_t begin_ = 0;     // of the line that comes next
  std::size_t searched_ = 0;  // no end of line before this
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;  // in the file, of what buffer_[end_] will be
  std::uint64_t number_ = 1;  // of the line that comes next
  bool skipping_ = false;     // the rest of a line that is too long
  std::string head_, tail_;   // the first and the last bytes that were read
  timespec written_{};        // when it was last written, as far as what was read explains it
  bool grew_ = false;         // something was read since written_ was taken
  std::optional<std::chrono::steady_clock::time_point> unsure_since_;
};

}  // namespace storm::jsonl
