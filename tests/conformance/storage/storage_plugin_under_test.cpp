// The plugin that this program was built for: see storm_add_storage_conformance().
#include "plugin_store.hpp"

namespace storm::conformance {

std::unique_ptr<PluginStore> make_plugin_store(const std::filesystem::path& folder) {
  std::string config = STORE_CONFIG;
  const std::string mark = "@DIR@";
  for (auto at = config.find(mark); at != std::string::npos; at = config.find(mark)) {
    config.replace(at, mark.size(), folder.string());
  }
  return std::make_unique<PluginStore>(STORE_LIBRARY, STORE_ENTRY, config);
}

std::unique_ptr<StoreUnderTest> make_store(const std::filesystem::path& folder) {
  return make_plugin_store(folder);
}

}  // namespace storm::conformance
