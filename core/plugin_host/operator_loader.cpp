#include "core/plugin_host/operator_loader.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/plugin_host/operator_adapter.hpp"

namespace storm {

std::vector<std::filesystem::path> installed_plugin_folders(
    const std::filesystem::path& program_folder) {
  constexpr std::string_view kPluginFolder = "perfectstorm/plugins";
  std::vector<std::filesystem::path> folders;
  const std::filesystem::path prefix = program_folder.parent_path();
  for (const std::string_view libraries :
       {std::string_view("lib"), std::string_view(STORM_LIBDIR)}) {
    std::filesystem::path folder = prefix / libraries / kPluginFolder;
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(std::move(folder));
    }
  }
  return folders;
}

Result<std::shared_ptr<const OperatorSet>> load_operators(std::span<const Manifest> plugins,
                                                          const PluginEnvironment& environment) {
  auto operators = std::make_shared<OperatorSet>();
  for (const Manifest& manifest : plugins) {
    auto instance =
        STORM_TRY(PluginInstance::start(manifest, manifest.id, Value::object(), environment));
    STORM_TRY(operators->add(STORM_TRY(OperatorAdapter::create(std::move(instance)))));
  }
  return std::shared_ptr<const OperatorSet>(std::move(operators));
}

Result<std::shared_ptr<const OperatorSet>> load_installed_operators(
    const std::filesystem::path& program_folder, const std::string& version) {
  const PluginCatalog catalog = scan_plugins(installed_plugin_folders(program_folder));
  const auto silent = std::make_shared<spdlog::logger>(
      "operators", std::make_shared<spdlog::sinks::null_sink_mt>());
  return load_operators(catalog.of_kind("operator"), {version, std::make_shared<SystemClock>(),
                                                      silent, std::make_shared<LibraryRegistry>()});
}

}  // namespace storm
