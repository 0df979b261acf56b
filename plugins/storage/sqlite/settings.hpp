// The plugin's settings, as its README.md describes them. A value. [any-thread]
#pragma once
#include <string>
#include <string_view>

namespace storm::sqlite {

struct Settings {
  std::string path;
};

// Throws Fault: STORM_E_INVALID, naming the setting that is missing, unknown or wrong.
Settings read_settings(std::string_view config_json);

}  // namespace storm::sqlite
