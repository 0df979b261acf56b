// What nothing stands for: resources in no group, groups without members, applications that link to
// such groups, and how well each application is. [any-thread]
#pragma once
#include <string>
#include <vector>

#include "core/engine/state.hpp"

namespace storm {

struct ApplicationHealth {
  Id application;
  Health health = Health::Unknown;
  std::vector<std::string> reasons;  // "group database has no members"; empty when healthy
};

// Unhealthy when a component has no members or only such as are down, or is gone; each with its
// reason. Unknown: no component.
ApplicationHealth health_of(const State& state, const Application& application);

struct Coverage {
  std::size_t ungrouped = 0;  // resources
  std::vector<Id> empty_groups;
  std::vector<ApplicationHealth> unhealthy;
};
Coverage coverage_of(const State& state);

// Resources in no group, in their order, at most so many.
std::vector<Shared<Resource>> ungrouped_resources(const State& state, std::size_t most);

}  // namespace storm
