// What the first bytes of a file say: is it a shared object for this machine? Read, never mapped.
#pragma once
#include <filesystem>

#include "core/base/result.hpp"

namespace storm {

// The error names the file, what it is and what is needed.
Result<void> check_shared_object(const std::filesystem::path& file);

}  // namespace storm
