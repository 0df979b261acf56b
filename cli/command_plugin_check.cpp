#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/program_folder.hpp"

namespace storm::cli {

ExitCode plugin_check_command(Session& session, std::vector<std::string> words) {
  const std::filesystem::path program = program_folder() / "storm-plugin-check";
  words.insert(words.begin(), program.string());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  return session.fail({ExitCode::Failure,
                       fmt::format("cannot run {}: {}", program.string(), std::strerror(errno)),
                       0,
                       "",
                       {"hint: install the package perfectstorm-sdk"}});
}

}  // namespace storm::cli
