// From a manifest to a plugin whose tables may be called. Everything that the manifest, who may
// write the file, and its bytes can tell is checked before the library is mapped: mapping runs its
// code. What is mapped are the bytes that were checked. Each failure is a Refusal that names the
// file, both versions and the remedy.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/result.hpp"
#include "core/plugin_host/manifest.hpp"
#include "core/plugin_host/plugin_code.hpp"
#include "core/plugin_host/shared_library.hpp"
#include "storm/plugin.h"

namespace storm {

// A mapped and checked plugin. Immutable, shared by its instances. [any-thread]
struct LoadedPlugin {
  Manifest manifest;
  std::shared_ptr<SharedLibrary> library;
  const storm_plugin* descriptor = nullptr;
  const void* table = nullptr;  // of the one interface that its kind requires
};

// The interface that a kind of plugin must provide: "storm.executor/1" for "executor"; empty for a
// kind that is not known.
std::string_view interface_of(std::string_view kind);

// Where a plugin is about to be mapped: plugins with a runtime of their own only go where nothing
// else runs.
enum class MappedInto { Daemon, OwnProcess };

// Only the checks that need no code of the plugin.
Result<void> check_manifest(const Manifest& manifest, MappedInto place = MappedInto::Daemon);

// And whether there is still room for its library, if it is a build that is not mapped yet.
Result<void> check_loadable(const Manifest& manifest, const LibraryRegistry& libraries);

Result<std::shared_ptr<const LoadedPlugin>> load_plugin(const Manifest& manifest,
                                                        LibraryRegistry& libraries,
                                                        MappedInto place = MappedInto::Daemon);

// The same, as an instance calls it.
Result<std::shared_ptr<PluginCode>> map_plugin(const Manifest& manifest,
                                               LibraryRegistry& libraries);

}  // namespace storm
