// Reads a file that decides what code runs in this process: only root, or the user we run as, can
// have put it there. The rule, for the file and for every folder above it:
//   - it belongs to root or to our user;
//   - others may not write to it;
//   - its group may not either, unless that is root's group or our user's private one (the number
//   of
//     the group is the number of the user, which is what a umask of 002 goes with);
//   - a folder that is open to all is allowed when it is sticky, as /tmp is.
// Symbolic links are followed first; what they lead to is what is looked at. Every part of the path
// is then opened below the one before and looked at by its descriptor, and what is read is what was
// looked at: nobody can put another file in between.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/result.hpp"

namespace storm {

struct TrustedFile {
  std::filesystem::path path;  // as it was asked for
  std::string bytes;
  struct stat stat = {};
};

// The errors are Refusals that name the file or folder and its remedy.
Result<TrustedFile> read_trusted_file(const std::filesystem::path& path, std::uintmax_t bytes_max);

// The same of a path that has no symbolic link in it; one that has is FileSwapped.
Result<TrustedFile> read_canonical_file(const std::filesystem::path& path,
                                        std::uintmax_t bytes_max);

// Only the rule, for a file or folder that is seen by a process of the user `uid` and group `gid`.
Result<void> check_trusted(const std::filesystem::path& path, const struct stat& file, uid_t uid,
                           gid_t gid);

}  // namespace storm
