// What else goes when a group or a procedure goes: the server takes it along, and says so nowhere.
#pragma once
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/nouns.hpp"

namespace storm::cli {

// "application/messaging loses it as a component, with 1 link", "view/load goes with it"; empty:
// nothing else goes.
std::vector<std::string> removal_losses(Client& client, const Noun& noun, const Value& document);

}  // namespace storm::cli
