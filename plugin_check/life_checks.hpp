// Checks of an instance from `create` to `destroy`, for plugins of every kind.
#pragma once
#include "plugin_check/check.hpp"

namespace storm::plugin_check {

void check_life_create(CheckContext& context);
void check_life_cycles(CheckContext& context);
void check_life_broken_config(CheckContext& context);
void check_life_services_withheld(CheckContext& context);
void check_life_newer_host(CheckContext& context);
void check_life_borrowed(CheckContext& context);
void check_life_deadline(CheckContext& context);
void check_life_carried_state(CheckContext& context);
void check_life_end(CheckContext& context);
void check_life_two_instances(CheckContext& context);
void check_life_process(CheckContext& context);
void check_thread_classes(CheckContext& context);

}  // namespace storm::plugin_check
