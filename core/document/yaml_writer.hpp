// Value -> block YAML as people know it from PyYAML's safe_dump with default_flow_style=False: list
// dashes not indented, empty lists and maps as [] and {}, strings quoted only where they must be.
// [any-thread]
#pragma once
#include <string>

#include "core/document/value.hpp"

namespace storm {

// Top-level keys keep their order; the keys of nested maps are sorted. Ends with a newline.
std::string to_yaml(const Value& value);

}  // namespace storm
