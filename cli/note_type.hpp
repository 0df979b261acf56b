// A type of resources that nobody tells of is no fault, but often a slip.
#pragma once
#include <string>

#include "cli/client.hpp"

namespace storm::cli {

// Says on standard error that no resource has the type, with the nearest that some have. Asks
// nothing when `type` is empty.
void note_unknown_type(Client& client, const std::string& type);

}  // namespace storm::cli
