// Environment: what the process finds around it, as a value, so that reading the configuration
// depends on nothing else. [any-thread when const]
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace storm {

struct Environment {
  std::map<std::string, std::string, std::less<>> variables;
  bool root = false;
  std::filesystem::path program_folder;  // where stormd itself lies; empty when not known

  static Environment of_process();
  // An empty variable counts as none.
  std::optional<std::string> variable(std::string_view name) const;
};

}  // namespace storm
