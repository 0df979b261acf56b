// Makes the Config out of flags, environment, file and defaults, in this order of strength. Pure:
// the same input gives the same answer; config_file.hpp fetches the file. [any-thread]
//
// The file, every key optional:
//   listen: ["127.0.0.1:28482"]
//   storage: {plugin: sqlite, config: {path: /var/lib/perfectstorm/storm.db}}
//   operators: [text]              # or all
//   executors: [{name: prod, plugin: swarm, config: {...}}]    # name: the plugin's, when absent
//   publishers: []                # there are none yet
//   plugins: {paths: [], isolation: {}}
//   log: {level: info}             # trace, debug, info, warn, error
//   redaction: {enabled: true, words: []}    # further parts of names that mark a secret
//   events: {keep: 10000}          # how many of the newest are kept
//
// Variables: STORM_BIND (addresses, commas between), STORM_PORT, STORM_STORAGE_PATH,
// STORM_EPHEMERAL, STORM_LOG_LEVEL, STORM_DEBUG. STORM_MONGODB is refused.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/config/config_file.hpp"
#include "core/config/environment.hpp"

namespace storm {

// What the command line says.
struct Overrides {
  std::vector<std::string> binds;    // -b HOST[:PORT]
  std::optional<std::int64_t> port;  // -p: for addresses that name none, and over weaker origins
  bool ephemeral = false;            // --ephemeral
  bool debug = false;                // --debug
};

// All that is wrong is reported at once, a line each: "FILE:LINE:COLUMN: /path: message", and in
// Error::problems by pointer. `file`: none read when absent.
Result<Config> load_config(const std::optional<ConfigFile>& file, const Overrides& overrides,
                           const Environment& environment);

}  // namespace storm
