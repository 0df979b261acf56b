#include "core/plugin_host/shared_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <string_view>
#include <utility>

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

// All zero when there is none.
struct stat stat_of(const std::filesystem::path& path) {
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0) file = {};
  return file;
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

Result<std::shared_ptr<SharedLibrary>> SharedLibrary::open(const std::filesystem::path& path) {
  STORM_ASSERT(path.is_absolute());
  auto handle = std::make_unique<Handle>();
  try {
    // The throwing overload: only it keeps the text of dlerror.
    handle->library.load(path, kMode);
  } catch (const std::exception& error) {
    return Error{Errc::PluginFault, fmt::format("{}: cannot be loaded: {}", path.string(),
                                                linker_words(error.what()))};
  }
  return std::shared_ptr<SharedLibrary>(new SharedLibrary(path, std::move(handle)));
}

Result<void*> SharedLibrary::own_symbol(const std::string& name) const {
  void* const handle = handle_->library.native();
  void* const address = ::dlsym(handle, name.c_str());
  if (!address) {
    return Error{Errc::PluginFault,
                 fmt::format("{}: it does not export {}; build it with storm_add_plugin()",
                             path_.string(), name)};
  }
  // dlsym also searches the libraries that this one depends on.
  link_map* opened = nullptr;
  Dl_info found{};
  link_map* owner = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &opened) != 0 ||
      ::dladdr1(address, &found, reinterpret_cast<void**>(&owner), RTLD_DL_LINKMAP) == 0 ||
      owner != opened) {
    return Error{Errc::PluginFault,
                 fmt::format("{}: {} is not its own, it comes from {}, which it depends on; a "
                             "plugin must define its entry itself",
                             path_.string(), name, found.dli_fname ? found.dli_fname : "nowhere")};
  }
  return address;
}

Result<std::shared_ptr<SharedLibrary>> LibraryRegistry::open(const std::filesystem::path& path) {
  STORM_TRY(check_not_replaced(path));
  const std::lock_guard lock(mutex_);
  if (const auto known = libraries_.find(path); known != libraries_.end()) {
    return known->second.library;
  }
  const struct stat file = stat_of(path);
  std::shared_ptr<SharedLibrary> library = STORM_TRY(SharedLibrary::open(path));
  libraries_.emplace(path, Opened{library, file});
  return library;
}

Result<void> LibraryRegistry::check_not_replaced(const std::filesystem::path& path) const {
  const std::lock_guard lock(mutex_);
  const auto known = libraries_.find(path);
  if (known == libraries_.end() || is_same_file(known->second.file, stat_of(path))) return {};
  return Error{Errc::PluginFault,
               fmt::format("{}: the file was replaced after it was loaded, and what is loaded "
                           "cannot be taken out; restart stormd to use the new one",
                           path.string())};
}

}  // namespace storm
