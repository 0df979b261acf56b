// One check in a process of its own: this very program, told to do nothing else. What the child
// finds survives the child.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "plugin_check/check.hpp"

namespace storm::plugin_check {

// What a run of a check came to.
struct Outcome {
  const Check* check = nullptr;
  std::vector<Finding> findings;
  std::string skipped;  // why; empty: it was not
  std::string output;   // the end of what the plugin wrote to standard error
  double seconds = 0;

  bool has(Severity severity) const;
  // Whether the plugin failed it; with `strict` a warning is enough.
  bool failed(bool strict) const {
    return has(Severity::Error) || (strict && has(Severity::Warning));
  }
};

// How the checks of a run are told apart from others: the same again is the same run.
struct RunOptions {
  std::filesystem::path library;
  std::filesystem::path manifest;
  std::string config;  // JSON; @DIR@ in it stands for an empty folder of each check
  std::uint64_t seed = 0;
  int patience = kSlowness;  // time limits are multiplied by it
};

// Requires: one thread.
Outcome run_in_child(const Check& check, const RunOptions& options);

// What the child does. Never returns.
[[noreturn]] void run_as_child(const Check& check, const RunOptions& options, int report,
                               const std::filesystem::path& scratch);

}  // namespace storm::plugin_check
