// The only user of dlopen. A library is mapped with everything resolved at once and its names kept
// to itself, and stays mapped until the process ends: code of a plugin may run on a thread that we
// could not stop.
#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/result.hpp"

namespace storm {

class SharedLibrary {  // [any-thread]
 public:
  // Requires: an absolute path. The error carries the dynamic linker's own words.
  static Result<std::shared_ptr<SharedLibrary>> open(const std::filesystem::path& path);
  ~SharedLibrary();
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  // The address of an exported function that this very object defines; one that only a library it
  // depends on defines is refused.
  Result<void*> own_symbol(const std::string& name) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Handle;
  SharedLibrary(std::filesystem::path path, std::unique_ptr<Handle> handle);

  const std::filesystem::path path_;
  const std::unique_ptr<Handle> handle_;
};

// Every library that was opened, for the life of the daemon. [any-thread]
class LibraryRegistry {
 public:
  // The same path gives the same library. An error when another file has taken its place since: the
  // old one stays mapped under that name until the process ends.
  Result<std::shared_ptr<SharedLibrary>> open(const std::filesystem::path& path);
  // Only that error.
  Result<void> check_not_replaced(const std::filesystem::path& path) const;

 private:
  struct Opened {
    std::shared_ptr<SharedLibrary> library;
    struct stat file;
  };

  mutable std::mutex mutex_;
  std::map<std::filesystem::path, Opened> libraries_;  // Guarded by mutex_.
};

}  // namespace storm
