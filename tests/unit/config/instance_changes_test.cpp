#include "core/config/instance_changes.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using storm::changes_between;
using storm::Config;
using storm::InstanceConfig;

namespace {

InstanceConfig instance(const char* name, const char* plugin, const char* config = "{}") {
  return {name, plugin, *storm::parse_json(config)};
}

}  // namespace

TEST_CASE("changes: instances are matched by name", "[config]") {
  const std::vector<InstanceConfig> before = {instance("same", "swarm", R"({"a": 1, "b": 2})"),
                                              instance("gone", "swarm"), instance("moved", "swarm"),
                                              instance("set", "swarm", R"({"a": 1})")};
  const std::vector<InstanceConfig> after = {
      instance("set", "swarm", R"({"a": 2})"), instance("new", "simulated"),
      instance("moved", "simulated"), instance("same", "swarm", R"({"b": 2, "a": 1})")};
  const auto changes = changes_between(before, after);
  REQUIRE(changes.added.size() == 1);
  CHECK(changes.added[0].name == "new");
  REQUIRE(changes.removed.size() == 1);
  CHECK(changes.removed[0].name == "gone");
  REQUIRE(changes.changed.size() == 2);
  CHECK(changes.changed[0] == after[0]);
  CHECK(changes.changed[1] == after[2]);
  CHECK(changes_between(before, before).empty());
}

TEST_CASE("changes: sections that a reload cannot apply are named", "[config]") {
  const Config before;
  Config after;
  after.executors.push_back(instance("new", "swarm"));
  after.log_level = storm::LogLevel::Debug;
  CHECK(sections_for_restart(before, after).empty());
  after.listen.push_back({"127.0.0.1", 1});
  after.storage.config.set("path", "/elsewhere");
  after.operators = std::vector<std::string>{"text"};
  after.plugins.paths.push_back("/opt");
  after.redaction.enabled = false;
  after.events_kept = 20'000;
  after.limits.group_tests = 1000;
  CHECK(sections_for_restart(before, after) ==
        std::vector<std::string>{"listen", "storage", "operators", "plugins", "redaction", "events",
                                 "limits"});
}
