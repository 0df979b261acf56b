// What a run of the checks came to, for people, for programs, and for what counts tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "plugin_check/child_run.hpp"

namespace storm::plugin_check {

struct RunReport {
  std::string plugin;  // "executor.swarm 0.1.0", or the file when it has no readable manifest
  std::string library;
  std::uint64_t seed = 0;
  bool strict = false;
  std::vector<Outcome> outcomes;

  bool failed() const;
};

struct TextStyle {
  bool colors = false;
  bool all = false;  // passed checks, notes and what the plugin wrote as well
};

// One check in a few lines, each line ended.
std::string to_text(const Outcome& outcome, bool strict, const TextStyle& style);
// The last line.
std::string summary_of(const RunReport& report);
std::string to_json_text(const RunReport& report);
std::string to_junit(const RunReport& report);

}  // namespace storm::plugin_check
