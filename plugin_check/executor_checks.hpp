// Checks of plugins of the kind executor.
#pragma once
#include "plugin_check/check.hpp"

namespace storm::plugin_check {

void check_executor_describe(CheckContext& context);
void check_executor_concurrent(CheckContext& context);
void check_executor_result_refused(CheckContext& context);
void check_executor_publishes(CheckContext& context);
void check_executor_idempotent(CheckContext& context);
void check_executor_revisions(CheckContext& context);
void check_executor_refused(CheckContext& context);
void check_executor_cancel(CheckContext& context);
void check_executor_bookmark(CheckContext& context);
void check_executor_borrowed(CheckContext& context);
void check_executor_operations(CheckContext& context);

}  // namespace storm::plugin_check
