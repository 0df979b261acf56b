// Config: everything that can be set about stormd, with where each value came from. A plain value;
// load_config.hpp makes it, print_config.hpp shows it. [any-thread when const]
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/address.hpp"
#include "core/document/value.hpp"
#include "core/model/redaction.hpp"

namespace storm {

inline constexpr std::size_t kListenMax = 16;
inline constexpr std::size_t kInstancesMax = 256;  // of executors
inline constexpr std::int64_t kEventsKeptMin = 10'000;
inline constexpr std::int64_t kEventsKeptMax = 10'000'000;
inline constexpr std::int64_t kColumnMegabytesMax = 1'000'000;

enum class LogLevel { Trace, Debug, Info, Warn, Error };
inline constexpr std::array<std::string_view, 5> kLogLevels = {"trace", "debug", "info", "warn",
                                                               "error"};
std::string_view name_of(LogLevel level);
std::optional<LogLevel> log_level_named(std::string_view name);

// Where a value came from; a later one overrides an earlier one.
struct Origin {
  enum class Kind { Default, File, Environment, Flag };
  Kind kind = Kind::Default;
  std::string where;  // "FILE:LINE:COLUMN", "STORM_BIND", "-b"
};
// "default", "FILE:LINE:COLUMN", "environment STORM_BIND", "flag -b".
std::string to_text(const Origin& origin);

struct StorageConfig {
  std::string plugin = "sqlite";
  Value config = Value::object();
};

// An executor or a publisher.
struct InstanceConfig {
  std::string name;
  std::string plugin;
  Value config = Value::object();
  friend bool operator==(const InstanceConfig&, const InstanceConfig&) = default;
};

struct PluginsConfig {
  std::vector<std::string> paths;                // absolute, searched beside the installed ones
  std::map<std::string, std::string> isolation;  // by plugin ("swarm", "executor.swarm"): "process"
};

struct LimitsConfig {
  std::size_t column_megabytes = 128;  // of columns of snapshots; 0: none are made
  // Resources on which a group's query has to be tested one by one; absent: no ceiling.
  std::optional<std::size_t> group_tests;
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

// What lets clients on other machines in; both or neither.
struct AccessConfig {
  std::string certificate, key;  // absolute paths of PEM files
  std::string tokens;            // absolute path; NAME TOKEN, one a line
  friend bool operator==(const AccessConfig&, const AccessConfig&) = default;
};

struct Config {
  std::vector<Address> listen;
  std::optional<AccessConfig> access;  // absent: only this machine is let in
  bool ephemeral = false;              // keep everything in memory; `storage` is then not used
  StorageConfig storage;
  std::optional<std::vector<std::string>> operators;  // absent: all that are installed
  std::vector<InstanceConfig> executors;              // names are unique
  PluginsConfig plugins;
  LogLevel log_level = LogLevel::Info;
  Redactor::Options redaction;
  std::size_t events_kept = static_cast<std::size_t>(kEventsKeptMin);
  LimitsConfig limits;

  std::string file;                       // that was read; empty for none
  std::map<std::string, Origin> origins;  // by JSON pointer into the file's shape

  // Of a value, or of its nearest parent with a known origin.
  Origin origin_of(std::string_view pointer) const;
};

}  // namespace storm
