// Answers about the past that other routes give as well.
#pragma once
#include <string>

#include "core/engine/state.hpp"
#include "core/rest/answer.hpp"
#include "core/rest/router.hpp"

namespace storm::rest {

// Members of a group at a time ("10m" ago, or a moment): what they are now, those gone by id alone.
Answer members_of_the_past(const Call& call, const State& state, const Uuid& group,
                           const std::string& at);

}  // namespace storm::rest
