// Which build of a plugin a file is: a hash of its bytes, so that one that differs in anything is
// another one. And for a program, which is large and replaced as a whole, what the file system
// says.
#pragma once
#include <filesystem>
#include <string>

#include "core/base/result.hpp"

namespace storm::runner {

Result<std::string> build_identity(const std::filesystem::path& file);
std::string file_identity(const std::filesystem::path& file);

}  // namespace storm::runner
