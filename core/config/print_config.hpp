// What --print-config shows. [any-thread]
#pragma once
#include <string>

#include "core/config/config.hpp"

namespace storm {

// A configuration file that says the same, each value followed by where it came from:
//   listen: ["127.0.0.1:28482"]  # default
// Values that look like secrets are shown as "***".
std::string to_commented_yaml(const Config& config);

}  // namespace storm
