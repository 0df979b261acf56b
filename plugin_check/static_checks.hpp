// Checks that run none of the plugin's code.
#pragma once
#include "plugin_check/check.hpp"

namespace storm::plugin_check {

void check_static_manifest(CheckContext& context);
void check_static_note(CheckContext& context);
void check_static_exports(CheckContext& context);
void check_static_names(CheckContext& context);
void check_static_unique(CheckContext& context);
void check_static_relocations(CheckContext& context);
void check_static_stack(CheckContext& context);
void check_static_search_path(CheckContext& context);
void check_static_flags(CheckContext& context);
void check_static_tls(CheckContext& context);
void check_static_needed(CheckContext& context);

}  // namespace storm::plugin_check
