#include "core/plugin_host/plugin_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin_host/elf_image.hpp"
#include "storm/executor.h"
#include "storm/query_operator.h"
#include "storm/storage.h"

namespace storm {
namespace {

constexpr std::size_t kProvidesMax = 64;       // interfaces of a plugin
constexpr std::uint32_t kTableSizeMax = 4096;  // of a function table; a larger size is garbage

struct KindRule {
  std::string_view kind;
  const char* interface;
  std::size_t table_size_min;  // up to the last function of revision 1
};
constexpr KindRule kKinds[] = {
    {"executor", STORM_EXECUTOR_V1, offsetof(storm_executor_v1, invoke)},
    {"storage", STORM_STORAGE_V1, sizeof(storm_storage_v1)},
    {"operator", STORM_QUERYOP_V1, sizeof(storm_queryop_v1)},
};

const KindRule* rule_of(std::string_view kind) {
  const auto* const rule = std::ranges::find(kKinds, kind, &KindRule::kind);
  return rule == std::end(kKinds) ? nullptr : rule;
}

std::string_view text_of(storm_str text) {
  return text.p ? std::string_view(text.p, text.n) : std::string_view();
}

Error fault(const std::filesystem::path& file, const std::string& message) {
  return Error{Errc::PluginFault, file.string() + ": " + message};
}

Error garbage(const Manifest& manifest, const std::string& what) {
  return fault(manifest.library,
               fmt::format("the descriptor of {} {} is garbage: {}; rebuild the plugin with "
                           "the headers of plugin ABI {}.{}",
                           manifest.id, manifest.version, what, STORM_ABI_MAJOR, STORM_ABI_MINOR));
}

Error mismatch(const Manifest& manifest, std::string_view what, const std::string& in_manifest,
               const std::string& in_library) {
  return fault(manifest.library,
               fmt::format("its {} is {}, but the manifest {} says {}; reinstall the plugin", what,
                           in_library, manifest.file.string(), in_manifest));
}

// The list of interface ids, or an error when it is no such list.
Result<std::vector<std::string>> provided_by(const Manifest& manifest, const storm_plugin& plugin) {
  if (!plugin.provides) return garbage(manifest, "provides is NULL");
  std::vector<std::string> provided;
  for (std::size_t i = 0; plugin.provides[i]; ++i) {
    if (i == kProvidesMax) return garbage(manifest, "provides has no end");
    provided.emplace_back(plugin.provides[i]);
  }
  std::ranges::sort(provided);
  return provided;
}

class MappedPlugin final : public PluginCode {
 public:
  explicit MappedPlugin(std::shared_ptr<const LoadedPlugin> plugin) : plugin_(std::move(plugin)) {}

  const void* table() const override { return plugin_->table; }
  storm_rc create(const storm_host* host, const storm_call* call, storm_str config,
                  storm_inst** out) override {
    return plugin_->descriptor->create(host, call, config, out);
  }
  storm_rc start(storm_inst* instance, const storm_call* call, storm_str carried) override {
    return plugin_->descriptor->start(instance, call, carried);
  }
  storm_rc quiesce(storm_inst* instance, const storm_call* call,
                   const storm_out* carried) override {
    return plugin_->descriptor->quiesce(instance, call, carried);
  }
  void destroy(storm_inst* instance) override { plugin_->descriptor->destroy(instance); }

 private:
  const std::shared_ptr<const LoadedPlugin> plugin_;
};

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

Result<void> check_descriptor(const Manifest& manifest, const storm_plugin& plugin) {
  if (plugin.size < sizeof(storm_plugin) || plugin.size > kTableSizeMax) {
    return garbage(manifest, fmt::format("its size is {}, at least {} is needed", plugin.size,
                                         sizeof(storm_plugin)));
  }
  if (plugin.abi_major != manifest.abi_major || plugin.abi_minor != manifest.abi_built ||
      plugin.abi_min_minor != manifest.abi_min) {
    return mismatch(manifest, "ABI",
                    fmt::format("{}.{} (at least {}.{})", manifest.abi_major, manifest.abi_built,
                                manifest.abi_major, manifest.abi_min),
                    fmt::format("{}.{} (at least {}.{})", plugin.abi_major, plugin.abi_minor,
                                plugin.abi_major, plugin.abi_min_minor));
  }
  if (text_of(plugin.id) != manifest.id) {
    return mismatch(manifest, "id", manifest.id, std::string(text_of(plugin.id)));
  }
  if (text_of(plugin.version) != manifest.version) {
    return mismatch(manifest, "version", manifest.version, std::string(text_of(plugin.version)));
  }
  const std::vector<std::string> provided = STORM_TRY(provided_by(manifest, plugin));
  std::vector<std::string> promised = manifest.provides;
  std::ranges::sort(promised);
  if (provided != promised) {
    return mismatch(manifest, "list of interfaces", joined(promised), joined(provided));
  }
  if (!plugin.iface || !plugin.create || !plugin.start || !plugin.quiesce || !plugin.destroy) {
    return garbage(manifest, "a function of it is NULL");
  }
  return {};
}

Result<const void*> find_table(const Manifest& manifest, const storm_plugin& plugin) {
  const KindRule& rule = *rule_of(manifest.kind);
  const void* const table = plugin.iface(rule.interface);
  if (!table) return garbage(manifest, fmt::format("it has no table for {}", rule.interface));
  const std::uint32_t size = *static_cast<const std::uint32_t*>(table);
  if (size < rule.table_size_min || size > kTableSizeMax) {
    return garbage(manifest, fmt::format("its table for {} has size {}, at least {} is needed",
                                         rule.interface, size, rule.table_size_min));
  }
  return table;
}

}  // namespace

std::string_view interface_of(std::string_view kind) {
  const KindRule* const rule = rule_of(kind);
  return rule ? std::string_view(rule->interface) : std::string_view();
}

Result<void> check_manifest(const Manifest& manifest, MappedInto place) {
  if (manifest.abi_major != STORM_ABI_MAJOR) {
    return fault(manifest.file,
                 fmt::format("{} {} is for plugin ABI {}.{}, this stormd has {}.{}; install {}",
                             manifest.id, manifest.version, manifest.abi_major, manifest.abi_built,
                             STORM_ABI_MAJOR, STORM_ABI_MINOR,
                             manifest.abi_major < STORM_ABI_MAJOR
                                 ? fmt::format("a newer {} or an older stormd", manifest.id)
                                 : fmt::format("a newer stormd or an older {}", manifest.id)));
  }
  if (manifest.abi_min > STORM_ABI_MINOR) {
    return fault(
        manifest.file,
        fmt::format("{} {} needs plugin ABI {}.{} or newer, this stormd has {}.{}; install a "
                    "newer stormd or an older {}",
                    manifest.id, manifest.version, manifest.abi_major, manifest.abi_min,
                    STORM_ABI_MAJOR, STORM_ABI_MINOR, manifest.id));
  }
  const std::string_view interface = interface_of(manifest.kind);
  if (interface.empty()) {
    return fault(manifest.file,
                 fmt::format("'{}' is not a kind of plugin that this stormd knows; known are "
                             "executor, storage, operator",
                             manifest.kind));
  }
  if (std::ranges::find(manifest.provides, interface) == manifest.provides.end()) {
    return fault(manifest.file,
                 fmt::format("{} {} provides {}, this stormd needs {} of it; install a {} that "
                             "fits this stormd",
                             manifest.id, manifest.version, joined(manifest.provides), interface,
                             manifest.id));
  }
  const bool go_alone = manifest.runtime == "go" && place == MappedInto::OwnProcess;
  if (manifest.runtime != "native" && !go_alone) {
    return fault(manifest.file,
                 fmt::format("{} {} has the runtime '{}', which cannot be loaded into stormd",
                             manifest.id, manifest.version, manifest.runtime));
  }
  return check_shared_object(manifest.library);
}

Result<void> check_loadable(const Manifest& manifest, const LibraryRegistry& libraries) {
  STORM_TRY(check_manifest(manifest));
  return libraries.check_not_replaced(manifest.library);
}

Result<std::shared_ptr<const LoadedPlugin>> load_plugin(const Manifest& manifest,
                                                        LibraryRegistry& libraries,
                                                        MappedInto place) {
  STORM_TRY(check_manifest(manifest, place));
  auto loaded = std::make_shared<LoadedPlugin>();
  loaded->manifest = manifest;
  loaded->library = STORM_TRY(libraries.open(manifest.library));
  void* const symbol = STORM_TRY(loaded->library->own_symbol(manifest.entry));
  try {
    loaded->descriptor = reinterpret_cast<storm_entry_fn>(symbol)(STORM_ABI_MAJOR, STORM_ABI_MINOR);
  } catch (...) {
    return fault(manifest.library, manifest.entry + " let an exception out of the plugin");
  }
  if (!loaded->descriptor) {
    return fault(
        manifest.library,
        fmt::format("{} {} refuses to work with plugin ABI {}.{}; install a {} that fits "
                    "this stormd",
                    manifest.id, manifest.version, STORM_ABI_MAJOR, STORM_ABI_MINOR, manifest.id));
  }
  STORM_TRY(check_descriptor(manifest, *loaded->descriptor));
  loaded->table = STORM_TRY(find_table(manifest, *loaded->descriptor));
  return std::shared_ptr<const LoadedPlugin>(std::move(loaded));
}

Result<std::shared_ptr<PluginCode>> map_plugin(const Manifest& manifest,
                                               LibraryRegistry& libraries) {
  auto loaded = STORM_TRY(load_plugin(manifest, libraries));
  return std::shared_ptr<PluginCode>(std::make_shared<MappedPlugin>(std::move(loaded)));
}

}  // namespace storm
