// Dumps of a program's memory when it crashes.
#pragma once

namespace storm {

// Secrets of clouds pass through the memory of plugins, so none of it goes to a file or to a
// collector of crashes. Developers ask for dumps by STORM_CORE_DUMPS=1, which is `wanted`. To be
// called before there are threads.
void forbid_core_dumps(bool wanted);

}  // namespace storm
