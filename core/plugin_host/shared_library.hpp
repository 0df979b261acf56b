// The only user of dlopen. A library is mapped with everything resolved at once and its names kept
// to itself, and stays mapped until the process ends: code of a plugin may run on a thread that we
// could not stop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/trusted_file.hpp"

namespace storm {

inline constexpr std::uintmax_t kLibraryBytesMax = 256ULL << 20U;
// Builds of one path that are mapped at the same time; a further one needs a restart.
inline constexpr std::size_t kGenerationsMax = 8;
inline constexpr std::size_t kKeptMax = 1024;

class SharedLibrary {  // [any-thread]
 public:
  // Maps what `mapped`, an absolute path, leads to; `path` is its name in errors. The error carries
  // the dynamic linker's own words.
  static Result<std::shared_ptr<SharedLibrary>> open(const std::filesystem::path& path,
                                                     const std::filesystem::path& mapped);
  static Result<std::shared_ptr<SharedLibrary>> open(const std::filesystem::path& path) {
    return open(path, path);
  }
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

// Where a library is mapped from: a sealed copy of its own in memory, or, when it looks for others
// beside itself, its file.
enum class MapFrom { Copy, Path };

// Every library that was opened, for the life of the daemon: each build of a path is one
// generation, which stays mapped when the next comes. The bytes that were checked are the bytes
// that are mapped: neither a swapped link nor a file that is written over changes code that runs.
// [any-thread]
class LibraryRegistry {
 public:
  LibraryRegistry();
  ~LibraryRegistry();
  LibraryRegistry(const LibraryRegistry&) = delete;
  LibraryRegistry& operator=(const LibraryRegistry&) = delete;

  // The same path with the same bytes gives the same library.
  Result<std::shared_ptr<SharedLibrary>> open(const TrustedFile& file,
                                              MapFrom from = MapFrom::Copy);
  // The error that `open` gives when too many builds of the path are mapped already.
  Result<void> check_room(const TrustedFile& file) const;
  // Keeps something that mapped code may still touch; the oldest of kKeptMax makes room.
  void keep(std::shared_ptr<const void> thing);
  // How many builds are mapped, of all paths.
  std::size_t generations() const;

 private:
  struct Generation;

  const Generation* find(const TrustedFile& file) const;
  Result<void> check_room_locked(const TrustedFile& file) const;
  Result<Generation> map(const TrustedFile& file, MapFrom from) const;

  mutable std::mutex mutex_;
  std::map<std::filesystem::path, std::vector<Generation>> libraries_;  // Guarded by mutex_.
  std::deque<std::shared_ptr<const void>> kept_;                        // Guarded by mutex_.
};

}  // namespace storm
