// Which plugins there are: every KIND-NAME.yaml of some folders. Runs no code of a plugin. A broken
// manifest is reported beside the good ones and spoils nothing.
#pragma once
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/manifest.hpp"

namespace storm {

struct BrokenPlugin {
  std::filesystem::path file;
  Error error;
};

struct PluginCatalog {
  std::vector<Manifest> plugins;  // by id
  std::vector<BrokenPlugin> broken;
  std::vector<std::filesystem::path> folders;  // that were looked into, in order

  // NotFound names what there is, and a broken manifest of that name with its fault.
  Result<Manifest> find(std::string_view kind, std::string_view name) const;
  std::vector<Manifest> of_kind(std::string_view kind) const;
};

// Earlier folders win over later ones; a folder that does not exist holds nothing.
PluginCatalog scan_plugins(std::span<const std::filesystem::path> folders);

}  // namespace storm
