// Checks of what mapping the library and calling its entry do.
#pragma once
#include "plugin_check/check.hpp"

namespace storm::plugin_check {

void check_load_plugin(CheckContext& context);
void check_load_threads(CheckContext& context);
void check_load_descriptors(CheckContext& context);
void check_load_signals(CheckContext& context);
void check_load_process(CheckContext& context);
void check_load_time(CheckContext& context);
void check_load_entry(CheckContext& context);
void check_load_interfaces(CheckContext& context);

}  // namespace storm::plugin_check
