// Checks of plugins of the kind operator. What an operator takes as its argument nobody but it
// knows, so many are tried, and those that compile are used.
#pragma once
#include "plugin_check/checked_instance.hpp"

namespace storm::plugin_check {

void check_operator_table(CheckContext& context);
void check_operator_compile(CheckContext& context);
void check_operator_values(CheckContext& context);
void check_operator_hint(CheckContext& context);
void check_operator_hint_size(CheckContext& context);
void check_operator_shared(CheckContext& context);
void check_operator_bounded(CheckContext& context);
void check_operator_time(CheckContext& context);

// Compiles, matches, releases.
void exercise_operator(CheckedInstance& instance);

}  // namespace storm::plugin_check
