// The flags of stormd. A value.
#pragma once
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/config/load_config.hpp"

namespace storm {

struct CommandLine {
  std::optional<std::string> config_file;  // -c
  Overrides overrides;
  bool print_config = false;

  // Where the flags ask for nothing but a text (--help, --version) or are wrong: what to print, and
  // the exit code.
  struct Leave {
    std::string text;
    int exit_code = 0;  // 0: to standard output; 2: wrong usage
  };
  std::optional<Leave> leave;
};

CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace storm
