// Where the configuration file is, and its text. The only part of core/config that touches the
// disk.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/config/environment.hpp"

namespace storm {

inline constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;

struct ConfigFile {
  std::string path;
  std::string text;
};

// `named` is what -c says. Else the first of $STORM_CONFIG, /etc/perfectstorm/stormd.yaml and
// ../etc/perfectstorm/stormd.yaml beside the program; none is no error, unless it was named.
Result<std::optional<ConfigFile>> find_config_file(const std::optional<std::string>& named,
                                                   const Environment& environment);

}  // namespace storm
