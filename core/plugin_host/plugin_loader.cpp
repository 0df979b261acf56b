#include "core/plugin_host/plugin_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin_host/elf_image.hpp"
#include "core/plugin_host/plugin_note.hpp"
#include "core/plugin_host/plugin_refusal.hpp"
#include "core/plugin_host/trusted_file.hpp"
#include "storm/executor.h"
#include "storm/machine.h"
#include "storm/publisher.h"
#include "storm/query_operator.h"
#include "storm/storage.h"

namespace storm {
namespace {

constexpr std::size_t kProvidesMax = 64;       // interfaces of a plugin
constexpr std::uint32_t kTableSizeMax = 4096;  // of a function table; a larger size is garbage

// Where a member ends: what a table of the first revision reaches to, however much was added since.
#define STORM_END_OF(type, member) (offsetof(type, member) + sizeof(type::member))
constexpr std::size_t kDescriptorSizeMin = STORM_END_OF(storm_plugin, destroy);

struct KindRule {
  std::string_view kind;
  const char* interface;
  std::size_t table_size_min;  // up to the last function of ABI 1.0 that it cannot do without
};
constexpr KindRule kKinds[] = {
    {"executor", STORM_EXECUTOR_V1, STORM_END_OF(storm_executor_v1, watch)},
    {"machine", STORM_MACHINE_V1, STORM_END_OF(storm_machine_v1, destroy)},
    {"publisher", STORM_PUBLISHER_V1, STORM_END_OF(storm_publisher_v1, retract)},
    {"storage", STORM_STORAGE_V1, STORM_END_OF(storm_storage_v1, close)},
    {"operator", STORM_QUERYOP_V1, STORM_END_OF(storm_queryop_v1, release)},
};
#undef STORM_END_OF

// What linkers and start files put into any shared object.
constexpr std::string_view kLinkerNames[] = {"_init", "_fini", "__bss_start", "_edata", "_end"};

const KindRule* rule_of(std::string_view kind) {
  const auto* const rule = std::ranges::find(kKinds, kind, &KindRule::kind);
  return rule == std::end(kKinds) ? nullptr : rule;
}

std::string_view text_of(storm_str text) {
  return text.p ? std::string_view(text.p, text.n) : std::string_view();
}

Error garbage(const Manifest& manifest, const std::string& what) {
  return refuse(Refusal::DescriptorGarbage, manifest.library,
                fmt::format("the descriptor of {} {} is garbage: {}; rebuild the plugin with "
                            "the headers of plugin ABI {}.{}",
                            manifest.id, manifest.version, what, STORM_ABI_MAJOR, STORM_ABI_MINOR));
}

Error mismatch(const Manifest& manifest, std::string_view what, const std::string& in_manifest,
               const std::string& in_library) {
  return refuse(Refusal::DescriptorMismatch, manifest.library,
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
  storm_rc reconfigure(storm_inst* instance, const storm_call* call, storm_str config) override {
    const storm_plugin& plugin = *plugin_->descriptor;
    if (!plugin.reconfigure) return STORM_E_UNSUPPORTED;
    return plugin.reconfigure(instance, call, config);
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
  if (plugin.size < kDescriptorSizeMin || plugin.size > kTableSizeMax) {
    return garbage(manifest, fmt::format("its size is {}, at least {} is needed", plugin.size,
                                         kDescriptorSizeMin));
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
  const std::string runtime = plugin.runtime == 0   ? "native"
                              : plugin.runtime == 1 ? "go"
                                                    : fmt::format("number {}", plugin.runtime);
  if (runtime != manifest.runtime) return mismatch(manifest, "runtime", manifest.runtime, runtime);
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

struct VerifiedLibrary {
  TrustedFile file;
  ElfImage image;
};

Error rebuild(Refusal refusal, const Manifest& manifest, const std::string& what) {
  return refuse(refusal, manifest.library,
                fmt::format("{}; build {} with storm_add_plugin()", what, manifest.id));
}

Result<void> check_exports(const Manifest& manifest, const ElfImage& image) {
  if (image.gnu_unique) {
    return rebuild(Refusal::GnuUnique, manifest,
                   "it shares state with other plugins by symbols that are unique in a process");
  }
  // A runtime that is not ours to choose exports what it wants; it is alone in its process.
  if (manifest.runtime == "native") {
    for (const std::string& name : image.exports) {
      if (name.starts_with("storm_entry_") || std::ranges::count(kLinkerNames, name) > 0) continue;
      return rebuild(
          Refusal::Exports, manifest,
          fmt::format("it exports {}, and a plugin exports nothing but {}", name, manifest.entry));
    }
  }
  if (image.text_relocations) {
    return rebuild(Refusal::TextRelocations, manifest,
                   "it has relocations in its code, which is then writable while it is mapped");
  }
  if (image.executable_stack) {
    return rebuild(Refusal::ExecutableStack, manifest,
                   "it wants an executable stack, which all of the process would get");
  }
  return {};
}

// All that the file tells, without mapping it.
Result<VerifiedLibrary> verify_library(const Manifest& manifest) {
  VerifiedLibrary library;
  library.file = STORM_TRY(read_trusted_file(manifest.library, kLibraryBytesMax));
  library.image = STORM_TRY(read_elf(library.file.bytes, manifest.library));
  if (library.image.notes.empty()) {
    return rebuild(Refusal::NoteMissing, manifest,
                   fmt::format("it has no note that says which plugin ABI it was built for, this "
                               "stormd has {}.{}",
                               STORM_ABI_MAJOR, STORM_ABI_MINOR));
  }
  if (library.image.notes.size() > 1) {
    return rebuild(Refusal::NoteInvalid, manifest, "it has more than one note");
  }
  const Result<PluginNote> note = parse_note(library.image.notes.front());
  if (!note) {
    return rebuild(Refusal::NoteInvalid, manifest,
                   "its note cannot be read: " + note.error().message);
  }
  STORM_TRY(check_note(manifest, *note));
  STORM_TRY(check_exports(manifest, library.image));
  return library;
}

// All that the manifest tells.
Result<void> check_promises(const Manifest& manifest, MappedInto place) {
  if (manifest.abi_major != STORM_ABI_MAJOR) {
    return refuse(Refusal::AbiMajor, manifest.file,
                  fmt::format("{} {} is for plugin ABI {}.{}, this stormd has {}.{}; install {}",
                              manifest.id, manifest.version, manifest.abi_major, manifest.abi_built,
                              STORM_ABI_MAJOR, STORM_ABI_MINOR,
                              manifest.abi_major < STORM_ABI_MAJOR
                                  ? fmt::format("a newer {} or an older stormd", manifest.id)
                                  : fmt::format("a newer stormd or an older {}", manifest.id)));
  }
  if (manifest.abi_min > STORM_ABI_MINOR) {
    return refuse(
        Refusal::AbiMinor, manifest.file,
        fmt::format("{} {} needs plugin ABI {}.{} or newer, this stormd has {}.{}; install a "
                    "newer stormd or an older {}",
                    manifest.id, manifest.version, manifest.abi_major, manifest.abi_min,
                    STORM_ABI_MAJOR, STORM_ABI_MINOR, manifest.id));
  }
  const std::string_view interface = interface_of(manifest.kind);
  if (interface.empty()) {
    return refuse(Refusal::KindUnknown, manifest.file,
                  fmt::format("'{}' is not a kind of plugin that this stormd knows; known are "
                              "executor, machine, publisher, storage, operator",
                              manifest.kind));
  }
  if (std::ranges::find(manifest.provides, interface) == manifest.provides.end()) {
    return refuse(Refusal::InterfaceMissing, manifest.file,
                  fmt::format("{} {} provides {}, this stormd needs {} of it; install a {} that "
                              "fits this stormd",
                              manifest.id, manifest.version, joined(manifest.provides), interface,
                              manifest.id));
  }
  const bool go_alone = manifest.runtime == "go" && place == MappedInto::OwnProcess;
  if (manifest.runtime != "native" && !go_alone) {
    return refuse(Refusal::Runtime, manifest.file,
                  fmt::format("{} {} has the runtime '{}', which cannot be loaded into stormd",
                              manifest.id, manifest.version, manifest.runtime));
  }
  return {};
}

}  // namespace

std::string_view interface_of(std::string_view kind) {
  const KindRule* const rule = rule_of(kind);
  return rule ? std::string_view(rule->interface) : std::string_view();
}

Result<void> check_manifest(const Manifest& manifest, MappedInto place) {
  STORM_TRY(check_promises(manifest, place));
  STORM_TRY(verify_library(manifest));
  return {};
}

Result<void> check_loadable(const Manifest& manifest, const LibraryRegistry& libraries) {
  STORM_TRY(check_promises(manifest, MappedInto::Daemon));
  const VerifiedLibrary verified = STORM_TRY(verify_library(manifest));
  return libraries.check_room(verified.file);
}

Result<std::shared_ptr<const LoadedPlugin>> load_plugin(const Manifest& manifest,
                                                        LibraryRegistry& libraries,
                                                        MappedInto place) {
  STORM_TRY(check_promises(manifest, place));
  const VerifiedLibrary verified = STORM_TRY(verify_library(manifest));
  auto loaded = std::make_shared<LoadedPlugin>();
  loaded->manifest = manifest;
  loaded->library = STORM_TRY(libraries.open(
      verified.file, verified.image.asks_for_origin ? MapFrom::Path : MapFrom::Copy));
  void* const symbol = STORM_TRY(loaded->library->own_symbol(manifest.entry));
  try {
    loaded->descriptor = reinterpret_cast<storm_entry_fn>(symbol)(STORM_ABI_MAJOR, STORM_ABI_MINOR);
  } catch (...) {
    return refuse(Refusal::EntryThrew, manifest.library,
                  manifest.entry + " let an exception out of the plugin");
  }
  if (!loaded->descriptor) {
    return refuse(
        Refusal::RefusesHost, manifest.library,
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
