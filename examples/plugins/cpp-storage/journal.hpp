// Journal: a file to which records are only ever added, each with a checksum and each on the disk
// when `append` returns. What a crash cut off at its end is dropped when it is opened. Not
// thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace journal {

inline constexpr std::uint64_t kRecordBytesMax = std::uint64_t{16} << 30;

// Every failure of this file is a Fault with the file's name and what to do.
class Journal {
 public:
  using Take = std::function<void(std::string_view record)>;

  explicit Journal(std::string path) : path_(std::move(path)) {}
  ~Journal() { close(); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Locks the file and hands over every record of it, in order. Busy: another process has it.
  void open(const Take& take);
  // All or nothing: after a Fault the file is as it was before.
  void append(std::string_view record);
  // Puts a file with these records in the place of this one.
  void replace(const std::function<void(Journal& fresh)>& write);
  void close();

  std::uint64_t bytes() const { return end_; }
  const std::string& path() const { return path_; }

 private:
  void lock();
  void read(const Take& take);
  void write_all(std::string_view bytes, std::uint64_t at);
  void sync();
  [[noreturn]] void fail(int problem, const std::string& what) const;

  std::string path_;
  int file_ = -1;
  int lock_ = -1;
  std::uint64_t end_ = 0;  // of the last whole record
  bool broken_ = false;    // what is behind end_ could not be taken back
};

}  // namespace journal
