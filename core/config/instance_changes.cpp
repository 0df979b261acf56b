#include "core/config/instance_changes.hpp"

#include <algorithm>

namespace storm {
namespace {

const InstanceConfig* named(const std::vector<InstanceConfig>& instances, const std::string& name) {
  const auto found = std::ranges::find(instances, name, &InstanceConfig::name);
  return found == instances.end() ? nullptr : &*found;
}

}  // namespace

InstanceChanges changes_between(const std::vector<InstanceConfig>& before,
                                const std::vector<InstanceConfig>& after) {
  InstanceChanges changes;
  for (const InstanceConfig& old : before) {
    if (named(after, old.name) == nullptr) changes.removed.push_back(old);
  }
  for (const InstanceConfig& now : after) {
    const InstanceConfig* old = named(before, now.name);
    if (old == nullptr) {
      changes.added.push_back(now);
    } else if (!(*old == now)) {
      changes.changed.push_back(now);
    }
  }
  return changes;
}

std::vector<std::string> sections_for_restart(const Config& before, const Config& after) {
  std::vector<std::string> sections;
  const auto compare = [&](const char* section, bool same) {
    if (!same) sections.emplace_back(section);
  };
  compare("listen", before.listen == after.listen);
  compare("tls and tokens", before.access == after.access);
  compare("storage", before.ephemeral == after.ephemeral &&
                         before.storage.plugin == after.storage.plugin &&
                         before.storage.config == after.storage.config);
  compare("operators", before.operators == after.operators);
  compare("plugins", before.plugins.paths == after.plugins.paths &&
                         before.plugins.isolation == after.plugins.isolation);
  compare("redaction", before.redaction.enabled == after.redaction.enabled &&
                           before.redaction.extra_words == after.redaction.extra_words);
  compare("events", before.events_kept == after.events_kept);
  compare("limits", before.limits == after.limits);
  return sections;
}

}  // namespace storm
