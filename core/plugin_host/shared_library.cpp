#include "core/plugin_host/shared_library.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/plugin_host/plugin_refusal.hpp"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

namespace storm {
namespace {

// RTLD_NODELETE keeps the code mapped even when every handle is closed.
constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
    boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | RTLD_NODELETE);

// Boost wraps the text of dlerror: "... (dlerror system message: TEXT): Bad file descriptor".
std::string linker_words(std::string_view wrapped) {
  constexpr std::string_view kBefore = "dlerror system message: ";
  const std::size_t before = wrapped.find(kBefore);
  const std::size_t after = wrapped.rfind("): ");
  if (before == std::string_view::npos || after == std::string_view::npos || after < before) {
    return std::string(wrapped);
  }
  const std::size_t first = before + kBefore.size();
  return std::string(wrapped.substr(first, after - first));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A sealed copy in memory. It stays open once it is mapped: the dynamic linker would take another
// file under the same number for the same library. -1: the system does not allow it.
int copy_of(const TrustedFile& file) {
  const int copy = ::memfd_create(file.path.filename().c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (copy < 0) return -1;
  std::string_view rest = file.bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(copy, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      ::close(copy);
      return -1;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return copy;
}

bool holds(int copy, std::string_view bytes) {
  std::array<char, 64 * 1024> chunk;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::pread(copy, chunk.data(), chunk.size(), static_cast<off_t>(at));
    const auto count = static_cast<std::size_t>(got > 0 ? got : 0);
    if (count == 0 || bytes.substr(at, count) != std::string_view(chunk.data(), count)) {
      return false;
    }
    at += count;
  }
  return true;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

struct SharedLibrary::Handle {
  boost::dll::shared_library library;
};

SharedLibrary::SharedLibrary(std::filesystem::path path, std::unique_ptr<Handle> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {}

SharedLibrary::~SharedLibrary() = default;

Result<std::shared_ptr<SharedLibrary>> SharedLibrary::open(const std::filesystem::path& path,
                                                           const std::filesystem::path& mapped) {
  STORM_ASSERT(mapped.is_absolute());
  auto handle = std::make_unique<Handle>();
  try {
    // The throwing overload: only it keeps the text of dlerror.
    handle->library.load(mapped, kMode);
  } catch (const std::exception& error) {
    const std::string words = replaced(linker_words(error.what()), mapped.string(), path.string());
    return refuse(Refusal::LoadFailed, path, "cannot be loaded: " + words);
  }
  return std::shared_ptr<SharedLibrary>(new SharedLibrary(path, std::move(handle)));
}

Result<void*> SharedLibrary::own_symbol(const std::string& name) const {
  void* const handle = handle_->library.native();
  void* const address = ::dlsym(handle, name.c_str());
  if (!address) {
    return refuse(Refusal::EntryMissing, path_,
                  fmt::format("it does not export {}; build it with storm_add_plugin()", name));
  }
  // dlsym also searches the libraries that this one depends on.
  link_map* opened = nullptr;
  Dl_info found{};
  link_map* owner = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &opened) != 0 ||
      ::dladdr1(address, &found, reinterpret_cast<void**>(&owner), RTLD_DL_LINKMAP) == 0 ||
      owner != opened) {
    return refuse(Refusal::EntryBorrowed, path_,
                  fmt::format("{} is not its own, it comes from {}, which it depends on; a plugin "
                              "must define its entry itself",
                              name, found.dli_fname ? found.dli_fname : "nowhere"));
  }
  return address;
}

struct LibraryRegistry::Generation {
  std::shared_ptr<SharedLibrary> library;
  int copy = -1;  // -1: it was mapped from its path
  std::size_t size = 0;
  struct stat stat = {};
};

LibraryRegistry::LibraryRegistry() = default;
// The copies stay open: what they hold stays mapped.
LibraryRegistry::~LibraryRegistry() = default;

Result<std::shared_ptr<SharedLibrary>> LibraryRegistry::open(const TrustedFile& file,
                                                             MapFrom from) {
  const std::lock_guard lock(mutex_);
  if (const Generation* const known = find(file)) return known->library;
  STORM_TRY(check_room_locked(file));
  Generation generation = STORM_TRY(map(file, from));
  auto library = generation.library;
  libraries_[file.path].push_back(std::move(generation));
  return library;
}

Result<LibraryRegistry::Generation> LibraryRegistry::map(const TrustedFile& file,
                                                         MapFrom from) const {
  Generation generation;
  generation.size = file.bytes.size();
  generation.stat = file.stat;
  if (from == MapFrom::Copy) generation.copy = copy_of(file);
  if (generation.copy >= 0) {
    auto library = SharedLibrary::open(file.path, fmt::format("/proc/self/fd/{}", generation.copy));
    if (!library) {
      ::close(generation.copy);
      return std::move(library).error();
    }
    generation.library = std::move(*library);
    return generation;
  }
  // Without a copy the file must be what was looked at, before and after.
  const auto unchanged = [&] {
    struct stat now = {};
    return ::stat(file.path.c_str(), &now) == 0 && is_same_file(now, file.stat);
  };
  if (unchanged()) {
    generation.library = STORM_TRY(SharedLibrary::open(file.path, file.path));
    if (unchanged()) return generation;
  }
  return refuse(Refusal::FileSwapped, file.path,
                "the file was replaced while it was loaded; try again when nobody installs it");
}

const LibraryRegistry::Generation* LibraryRegistry::find(const TrustedFile& file) const {
  const auto path = libraries_.find(file.path);
  if (path == libraries_.end()) return nullptr;
  const auto known = std::ranges::find_if(path->second, [&](const Generation& generation) {
    if (generation.size != file.bytes.size()) return false;
    return generation.copy >= 0 ? holds(generation.copy, file.bytes)
                                : is_same_file(generation.stat, file.stat);
  });
  return known == path->second.end() ? nullptr : &*known;
}

Result<void> LibraryRegistry::check_room(const TrustedFile& file) const {
  const std::lock_guard lock(mutex_);
  return check_room_locked(file);
}

Result<void> LibraryRegistry::check_room_locked(const TrustedFile& file) const {
  const auto path = libraries_.find(file.path);
  if (path == libraries_.end() || find(file)) return {};
  const bool by_path = path->second.back().copy < 0;
  if (path->second.size() < kGenerationsMax && !by_path) return {};
  return refuse(
      Refusal::Generations, file.path,
      by_path ? std::string("the file was replaced after it was loaded from its own path, and what "
                            "is loaded cannot be taken out; restart stormd to use the new one")
              : fmt::format("{} builds of it are loaded, and none can be taken out; restart stormd "
                            "to use another one",
                            path->second.size()));
}

void LibraryRegistry::keep(std::shared_ptr<const void> thing) {
  std::shared_ptr<const void> oldest;  // ends outside the lock
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(thing));
  if (kept_.size() <= kKeptMax) return;
  oldest = std::move(kept_.front());
  kept_.pop_front();
}

std::size_t LibraryRegistry::generations() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [path, generations] : libraries_) count += generations.size();
  return count;
}

}  // namespace storm
