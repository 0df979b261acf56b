// Waits until something happens to a file: it is written, appears, vanishes or is replaced. Looks
// by itself now and then too, since not every file system tells. Owned by one watch call, used on
// its thread only.
#pragma once
#include <chrono>
#include <string>

#include "storm/cpp/host.hpp"

namespace storm::jsonl {

class FileWatch {
 public:
  explicit FileWatch(std::string path);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches the file that the path leads to now; call it whenever that may be another.
  void arm();
  // Until something happened, or might have; false when the call was cancelled.
  bool wait(const sdk::Call& call, std::chrono::milliseconds longest);

  static constexpr std::chrono::milliseconds kLookTime{2'000};

 private:
  const std::string path_;
  int fd_ = -1;      // -1: cannot be told, only looked at
  int folder_ = -1;  // watch descriptors
  int file_ = -1;
};

}  // namespace storm::jsonl
