#include "core/plugin_host/trusted_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <system_error>
#include <utility>

#include "core/plugin_host/plugin_refusal.hpp"

namespace storm {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }
  int get() const { return number_; }

 private:
  int number_;
};

Error cannot_open(const std::filesystem::path& path, int error) {
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) {
    return refuse(Refusal::FileSwapped, path,
                  "a part of this path was replaced while it was opened; try again when nobody "
                  "installs into it");
  }
  return Error{Errc::Io, fmt::format("{}: {}", path.string(), std::strerror(error))};
}

Result<std::string> read_all(int file, const std::filesystem::path& path, std::uintmax_t size,
                             std::uintmax_t bytes_max) {
  std::string bytes;
  bytes.reserve(size);
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunkBytes);
    const ssize_t got = ::read(file, bytes.data() + before, kChunkBytes);
    bytes.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return bytes;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Error{Errc::Io, fmt::format("{}: {}", path.string(), std::strerror(errno))};
    }
    if (bytes.size() > bytes_max) break;
  }
  return refuse(Refusal::FileTooLarge, path,
                fmt::format("it has more than the {} bytes that are allowed", bytes_max));
}

}  // namespace

Result<void> check_trusted(const std::filesystem::path& path, const struct stat& file, uid_t uid,
                           gid_t gid) {
  if (file.st_uid != 0 && file.st_uid != uid) {
    return refuse(Refusal::FileOwner, path,
                  fmt::format("it belongs to user {}, and only root{} may put plugins here: change "
                              "its owner, or install the plugin elsewhere",
                              file.st_uid, uid == 0 ? "" : fmt::format(" or user {}", uid)));
  }
  const bool sticky = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
  if (sticky) return {};
  if ((file.st_mode & S_IWOTH) != 0) {
    return refuse(Refusal::FileWritable, path,
                  "everybody may write to it: chmod o-w, and look at what is in it");
  }
  const bool private_group = file.st_gid == 0 || (file.st_gid == gid && gid == uid);
  if ((file.st_mode & S_IWGRP) != 0 && !private_group) {
    return refuse(
        Refusal::FileWritable, path,
        fmt::format("group {} may write to it: chmod g-w, and look at what is in it", file.st_gid));
  }
  return {};
}

Result<TrustedFile> read_canonical_file(const std::filesystem::path& path,
                                        std::uintmax_t bytes_max) {
  constexpr int kFolder = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  constexpr int kFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  std::filesystem::path walked = "/";
  Descriptor here(::open("/", kFolder));
  TrustedFile file;
  file.path = path;
  const std::filesystem::path relative = path.relative_path();
  for (auto part = relative.begin();; ++part) {
    if (here.get() < 0) return cannot_open(walked, errno);
    if (::fstat(here.get(), &file.stat) != 0) return cannot_open(walked, errno);
    STORM_TRY(check_trusted(walked, file.stat, ::geteuid(), ::getegid()));
    if (part == relative.end()) break;
    walked /= *part;
    const bool last = std::next(part) == relative.end();
    here.reset(::openat(here.get(), part->c_str(), last ? kFile : kFolder));
  }
  if (!S_ISREG(file.stat.st_mode)) {
    return refuse(Refusal::FileType, path, "this is no regular file; reinstall the plugin");
  }
  file.bytes = STORM_TRY(
      read_all(here.get(), path, static_cast<std::uintmax_t>(file.stat.st_size), bytes_max));
  return file;
}

Result<TrustedFile> read_trusted_file(const std::filesystem::path& path, std::uintmax_t bytes_max) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  if (failed) {
    return refuse(Refusal::FileMissing, path,
                  fmt::format("it cannot be opened: {}; reinstall the plugin", failed.message()));
  }
  TrustedFile file = STORM_TRY(read_canonical_file(real, bytes_max));
  file.path = path;
  return file;
}

}  // namespace storm
