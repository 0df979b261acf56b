// Resources as a tree: each below its parent, or below its cluster when it has no parent in the
// list. [any-thread]
#pragma once
#include "cli/print_table.hpp"
#include "core/document/value.hpp"

namespace storm::cli {

// One row per resource, roots and children in the order of `resources`. Every resource appears
// once, also when parents form a circle.
Table tree_of(const Value::Array& resources, bool utf8);

}  // namespace storm::cli
