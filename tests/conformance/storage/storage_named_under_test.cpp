// The plugin that the environment names, be it built elsewhere: STORM_STORE_LIBRARY,
// STORM_STORE_ENTRY and STORM_STORE_CONFIG, in which @DIR@ stands for an empty folder.
#include <cstdlib>

#include "plugin_store.hpp"

namespace storm::conformance {
namespace {

const char* named(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) throw std::runtime_error(std::string(variable) + " is not set");
  return value;
}

}  // namespace

std::unique_ptr<PluginStore> make_plugin_store(const std::filesystem::path& folder) {
  std::string config = named("STORM_STORE_CONFIG");
  const std::string mark = "@DIR@";
  for (auto at = config.find(mark); at != std::string::npos; at = config.find(mark)) {
    config.replace(at, mark.size(), folder.string());
  }
  return std::make_unique<PluginStore>(named("STORM_STORE_LIBRARY"), named("STORM_STORE_ENTRY"),
                                       config);
}

std::unique_ptr<StoreUnderTest> make_store(const std::filesystem::path& folder) {
  return make_plugin_store(folder);
}

}  // namespace storm::conformance
