// What the cloud's things look like from outside: as Docker's API answers and as the Swarm executor
// shows them. Pure functions.
#pragma once
#include "cloud.hpp"
#include "storm/cpp/batch.hpp"

namespace simulated {

storm::sdk::Resource resource_of(const Cloud& cloud, const Cluster& cluster);
storm::sdk::Resource resource_of(const Cloud& cloud, const Node& node);
storm::sdk::Resource resource_of(const Cloud& cloud, const Service& service);
storm::sdk::Resource resource_of(const Cloud& cloud, const Task& task);

}  // namespace simulated
