// The grammar of the command line: flags, commands and their help. The only user of CLI11.
#pragma once
#include <string>
#include <vector>

#include "cli/exit_code.hpp"

namespace storm::cli {

// Runs what the words ask for. Without the program's name.
ExitCode run_command_line(std::vector<std::string> words);

}  // namespace storm::cli
