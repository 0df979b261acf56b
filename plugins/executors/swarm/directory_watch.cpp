#include "plugins/executors/swarm/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>

namespace storm::swarm {

DirectoryWatch::DirectoryWatch(const std::string& path)
    : folder_(std::filesystem::path(path).parent_path().string()),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_ >= 0) arm();
}

DirectoryWatch::~DirectoryWatch() {
  if (fd_ >= 0) close(fd_);
}

void DirectoryWatch::arm() {
  constexpr std::uint32_t kEvents =
      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_ONLYDIR;
  const int before = watch_;
  watch_ = -1;
  for (std::filesystem::path folder = folder_; watch_ < 0; folder = folder.parent_path()) {
    watch_ = inotify_add_watch(fd_, folder.c_str(), kEvents);
    if (!folder.has_relative_path()) break;  // the root
  }
  if (before >= 0 && before != watch_) inotify_rm_watch(fd_, before);
}

bool DirectoryWatch::drain() {
  alignas(inotify_event) char buffer[4096];
  bool happened = false;
  while (read(fd_, buffer, sizeof buffer) > 0) happened = true;
  if (happened) arm();
  return happened;
}

}  // namespace storm::swarm
