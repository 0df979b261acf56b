#include "core/plugin_host/isolation.hpp"

#include <string>

#include "catch.hpp"
#include "core/plugin_host/manifest.hpp"

namespace storm {
namespace {

Result<Manifest> manifest(const std::string& id, const std::string& extra = "") {
  return parse_manifest("manifest: 1\nid: " + id +
                            "\nversion: 1.0.0\nabi: {major: 1, built: 0, min: 0}\nlibrary: x.so\n"
                            "entry: storm_entry_x\nprovides: []\n" +
                            extra,
                        "/p/x.yaml");
}

std::string chosen(const Manifest& plugin, const IsolationChoices& choices) {
  const auto isolation = choose_isolation(plugin, choices);
  return isolation ? std::string(name_of(*isolation)) : isolation.error().message;
}

std::string refusal(const std::string& id, const std::string& extra) {
  const auto read = manifest(id, extra);
  return read ? "accepted" : read.error().message;
}

TEST_CASE("isolation: executors run in a process unless something else is chosen",
          "[plugin_host]") {
  const auto plugin = manifest("executor.x");
  REQUIRE(plugin);
  CHECK(chosen(*plugin, {}) == "process");
  CHECK(chosen(*plugin, {{"x", "in-process"}}) == "in-process");
  CHECK(chosen(*plugin, {{"executor.x", "in-process"}}) == "in-process");
  CHECK(chosen(*plugin, {{"executor.x", "process"}, {"x", "in-process"}}) == "process");
  CHECK(chosen(*plugin, {{"y", "in-process"}}) == "process");
}

TEST_CASE("isolation: the manifest sets what can be chosen", "[plugin_host]") {
  const auto alone = manifest("executor.x", "isolation: {default: process, allowed: [process]}\n");
  REQUIRE(alone);
  CHECK(chosen(*alone, {{"x", "in-process"}}) ==
        "the configuration says plugins.isolation.x: in-process, but the manifest /p/x.yaml of "
        "executor.x allows only process; leave it out");
  const auto inside = manifest("executor.x", "isolation: {allowed: [in-process, process]}\n");
  REQUIRE(inside);
  CHECK(chosen(*inside, {}) == "in-process");
  const auto go = manifest("executor.x", "runtime: go\n");
  REQUIRE(go);
  CHECK(go->isolation.allowed == std::vector<Isolation>{Isolation::Process});
}

TEST_CASE("isolation: storage and operators have no choice", "[plugin_host]") {
  const auto storage = manifest("storage.x");
  REQUIRE(storage);
  CHECK(chosen(*storage, {}) == "in-process");
  CHECK(chosen(*storage, {{"x", "process"}}) == "in-process");  // means an executor of that name
  CHECK(chosen(*storage, {{"storage.x", "process"}}) ==
        "the configuration says plugins.isolation.storage.x: process, but storage.x is a storage "
        "plugin, and those run in stormd itself only; leave it out");
}

TEST_CASE("isolation: limits and sandbox are read", "[plugin_host]") {
  const auto plugin =
      manifest("executor.x",
               "limits: {memory: 512MiB, tasks: 64, nofile: 1024}\nsandbox: {user: private}\n");
  REQUIRE(plugin);
  CHECK(plugin->limits.memory_bytes == 512ULL << 20U);
  CHECK(plugin->limits.tasks == 64);
  CHECK(plugin->limits.nofile == 1024);
  CHECK(plugin->sandbox.private_user);
}

TEST_CASE("isolation: what is wrong in a manifest is named with its place", "[plugin_host]") {
  CHECK(refusal("executor.x", "isolation: {allowed: [thread]}\n") ==
        "/p/x.yaml:8:22: isolation/allowed must be process or in-process");
  CHECK(refusal("executor.x", "isolation: {allowed: []}\n") ==
        "/p/x.yaml:8:22: isolation/allowed must be a list of process, in-process");
  CHECK(refusal("executor.x", "isolation: {default: process, allowed: [in-process]}\n") ==
        "/p/x.yaml:8:22: isolation/default is process, which isolation/allowed does not have");
  CHECK(refusal("operator.x", "isolation: {allowed: [process]}\n") ==
        "/p/x.yaml:8:12: operator plugins run in stormd itself only");
  CHECK(refusal("executor.x", "runtime: go\nisolation: {allowed: [in-process]}\n") ==
        "/p/x.yaml:9:12: a plugin with the runtime go runs in a process of its own only");
  CHECK(refusal("executor.x", "limits: {memory: 5}\n") ==
        "/p/x.yaml:8:18: limits/memory must be a size such as 512MiB, at least 64 MiB");
  CHECK(refusal("executor.x", "limits: {memory: 1TB}\n") ==
        "/p/x.yaml:8:18: limits/memory must be a size such as 512MiB, at least 64 MiB");
  CHECK(refusal("executor.x", "limits: {tasks: 1}\n") ==
        "/p/x.yaml:8:17: limits/tasks must be a number from 8 to 4194304");
  CHECK(refusal("executor.x", "limits: []\n") == "/p/x.yaml:8:9: limits must be a map");
  CHECK(refusal("executor.x", "sandbox: {user: me}\n") ==
        "/p/x.yaml:8:17: sandbox/user must be private or inherit");
}

}  // namespace
}  // namespace storm
