// The faults of a configuration with the lines of the file that they are about. [any-thread]
#pragma once
#include <string>

#include "core/config/config_file.hpp"

namespace storm {

// Below each line of `message` that begins with "FILE:LINE:COLUMN:" that line of the file, and a
// mark under the place.
std::string with_quoted_lines(const std::string& message, const ConfigFile& file);

}  // namespace storm
