#include "core/plugin_host/plugin_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace storm {
namespace {

std::vector<std::filesystem::path> manifests_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string extension = entry->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

Result<Manifest> PluginCatalog::find(std::string_view kind, std::string_view name) const {
  std::string known;
  for (const Manifest& plugin : plugins) {
    if (plugin.kind != kind) continue;
    if (plugin.name == name) return plugin;
    known += (known.empty() ? "" : ", ") + plugin.name;
  }
  const std::string stem = fmt::format("{}-{}", kind, name);
  for (const BrokenPlugin& plugin : broken) {
    if (plugin.file.stem() == stem) return plugin.error;
  }
  std::string where;
  for (const std::filesystem::path& folder : folders) {
    where += (where.empty() ? "" : ", ") + folder.string();
  }
  return Error{Errc::NotFound,
               fmt::format("there is no {} plugin '{}'; installed: {}; looked in: {}", kind, name,
                           known.empty() ? "none" : known, where.empty() ? "no folder" : where)};
}

std::vector<Manifest> PluginCatalog::of_kind(std::string_view kind) const {
  std::vector<Manifest> found;
  std::ranges::copy_if(plugins, std::back_inserter(found),
                       [&](const Manifest& plugin) { return plugin.kind == kind; });
  return found;
}

PluginCatalog scan_plugins(std::span<const std::filesystem::path> folders) {
  PluginCatalog catalog;
  for (const std::filesystem::path& folder : folders) {
    catalog.folders.push_back(folder);
    for (const std::filesystem::path& file : manifests_in(folder)) {
      Result<Manifest> manifest = read_manifest(file);
      if (!manifest) {
        catalog.broken.push_back({file, std::move(manifest).error()});
        continue;
      }
      const auto older = std::ranges::find(catalog.plugins, manifest->id, &Manifest::id);
      if (older != catalog.plugins.end()) {
        if (older->file == manifest->file) continue;  // The same folder was named twice.
        catalog.broken.push_back(
            {file, Error{Errc::AlreadyExists,
                         fmt::format("{}: {} is already provided by {}, which is used",
                                     file.string(), manifest->id, older->file.string())}});
        continue;
      }
      catalog.plugins.push_back(std::move(*manifest));
    }
  }
  std::ranges::sort(catalog.plugins, {}, &Manifest::id);
  return catalog;
}

}  // namespace storm
