#include "plugins/executors/jsonl/file_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace storm::jsonl {

FileWatch::FileWatch(std::string path)
    : path_(std::move(path)), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  arm();
}

FileWatch::~FileWatch() {
  if (fd_ >= 0) close(fd_);
}

void FileWatch::arm() {
  if (fd_ < 0) return;
  constexpr std::uint32_t kFolderEvents =
      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_ONLYDIR;
  const auto again = [&](int& watch, const char* path, std::uint32_t events) {
    const int before = std::exchange(watch, inotify_add_watch(fd_, path, events));
    if (before >= 0 && before != watch) inotify_rm_watch(fd_, before);
  };
  const std::string folder = std::filesystem::absolute(path_).parent_path().string();
  again(folder_, folder.c_str(), kFolderEvents);
  again(file_, path_.c_str(), IN_MODIFY);
}

bool FileWatch::wait(const sdk::Call& call, std::chrono::milliseconds longest) {
  std::array<pollfd, 2> descriptors = {pollfd{fd_, POLLIN, 0}, pollfd{call.cancel_fd(), POLLIN, 0}};
  const auto timeout = static_cast<int>(std::min(longest, kLookTime).count());
  poll(descriptors.data(), descriptors.size(), timeout);
  alignas(inotify_event) std::array<char, 4096> events;
  while (fd_ >= 0 && read(fd_, events.data(), events.size()) > 0) continue;
  return !call.cancelled();
}

}  // namespace storm::jsonl
