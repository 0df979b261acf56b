// What a reload changes. Pure. [any-thread]
#pragma once
#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace storm {

struct InstanceChanges {
  std::vector<InstanceConfig> added;
  std::vector<InstanceConfig> removed;  // as they were
  std::vector<InstanceConfig> changed;  // as they are now: another plugin or config, the same name
  bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

// By name; the order of instances and of the keys in their config means nothing.
InstanceChanges changes_between(const std::vector<InstanceConfig>& before,
                                const std::vector<InstanceConfig>& after);

// The sections that differ and only a restart can apply: all but executors and log.
std::vector<std::string> sections_for_restart(const Config& before, const Config& after);

}  // namespace storm
