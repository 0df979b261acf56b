// Checks of plugins of the kind storage: the rules of transactions.
#pragma once
#include "plugin_check/checked_instance.hpp"

namespace storm::plugin_check {

void check_storage_rows(CheckContext& context);
void check_storage_repeated(CheckContext& context);
void check_storage_expected(CheckContext& context);
void check_storage_fence(CheckContext& context);
void check_storage_reopen(CheckContext& context);
void check_storage_sink(CheckContext& context);
void check_storage_limits(CheckContext& context);

// Opens, writes a row, reads it, closes.
void exercise_storage(CheckedInstance& instance);

}  // namespace storm::plugin_check
