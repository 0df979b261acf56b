// What one storm-agent is told to do, by its flags and its environment. A value.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm::agent {

struct AgentOptions {
  std::string plugin;                          // "swarm"
  std::string name;                            // of the agent: "swarm-HOST"
  Value config = Value::object();              // of the plugin
  std::vector<std::filesystem::path> folders;  // that are searched for it, first ones first
  cli::ClientOptions server;
  bool debug = false;
};

struct CommandLine {
  AgentOptions options;
  struct Leave {
    std::string text;
    int exit_code = 0;
  };
  std::optional<Leave> leave;  // there is nothing to run
};

// By the name `storm-NAME` that it is called by, the program runs the plugin NAME.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace storm::agent
