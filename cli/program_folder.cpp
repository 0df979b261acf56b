#include "cli/program_folder.hpp"

#include <system_error>

namespace storm::cli {

std::filesystem::path program_folder() {
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? std::filesystem::path() : program.parent_path();
}

}  // namespace storm::cli
