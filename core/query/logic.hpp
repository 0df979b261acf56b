// Building the tree of conditions: what changes nothing is dropped, what decides alone is the
// answer, cheap tests go first. Inside core/query only.
#pragma once
#include <memory>
#include <vector>

#include "core/query/condition.hpp"

namespace storm {

Condition always(bool truth);
Condition leaf(std::shared_ptr<const Path> path, Test test);
Condition all_of(std::vector<Condition> children);  // none: true
Condition any_of(std::vector<Condition> children);  // none: false
Condition negate(Condition inner);

}  // namespace storm
