#include "plugins/executors/swarm/swarm_object.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace storm::swarm;
using nlohmann::json;

TEST_CASE("swarm object: states of tasks", "[swarm]") {
  const struct {
    const char* state;
    const char* desired;
    std::int32_t status;
  } cases[] = {
      {"new", "running", STORM_STATUS_CREATING},
      {"allocated", "allocated", STORM_STATUS_CREATED},
      {"pending", "running", STORM_STATUS_STARTING},
      {"assigned", "ready", STORM_STATUS_STARTING},
      {"accepted", "running", STORM_STATUS_STARTING},
      {"preparing", "running", STORM_STATUS_STARTING},
      {"ready", "ready", STORM_STATUS_STARTING},
      {"starting", "running", STORM_STATUS_STARTING},
      {"running", "running", STORM_STATUS_RUNNING},
      {"running", "complete", STORM_STATUS_RUNNING},
      {"running", "shutdown", STORM_STATUS_STOPPING},
      {"running", "remove", STORM_STATUS_STOPPING},
      {"pending", "remove", STORM_STATUS_STOPPING},
      {"complete", "shutdown", STORM_STATUS_STOPPED},
      {"shutdown", "shutdown", STORM_STATUS_STOPPED},
      {"remove", "remove", STORM_STATUS_STOPPED},
      {"failed", "shutdown", STORM_STATUS_ERROR},
      {"rejected", "running", STORM_STATUS_ERROR},
      {"orphaned", "shutdown", STORM_STATUS_ERROR},
      {"unheard-of", "running", STORM_STATUS_UNKNOWN},
  };
  for (const auto& each : cases) {
    CAPTURE(each.state, each.desired);
    CHECK(task_status(each.state, each.desired) == each.status);
  }
}

TEST_CASE("swarm object: a task of a global service, with a health check", "[swarm]") {
  const std::string text =
      R"({"ID":"t1","Version":{"Index":18},"CreatedAt":"2026-11-21T12:06:31Z",)"
      R"("UpdatedAt":"2026-11-21T12:06:31.795561343Z","Spec":{"ContainerSpec":)"
      R"({"Image":"nginx","Healthcheck":{"Test":["CMD","true"]}}},"ServiceID":"s1",)"
      R"("NodeID":"n1","Status":{"State":"running","ContainerStatus":)"
      R"({"ContainerID":"c1"}},"DesiredState":"running"})";
  const auto task = read_task(text);
  REQUIRE(task);
  CHECK(task->version == 18);
  CHECK(task->service_id == "s1");
  CHECK(task->slot == "n1");
  CHECK(task->resource.uid == "t1");
  CHECK(task->resource.host_uid == "n1");
  CHECK(task->resource.names == std::vector<std::string>{"t1", "c1"});
  CHECK(task->resource.image == "library/nginx:latest");
  CHECK(task->resource.status == STORM_STATUS_RUNNING);
  CHECK(task->resource.health == STORM_HEALTH_HEALTHY);
  CHECK(task->resource.revision == 18);
  CHECK(task->resource.observed_wall_ns == 1'795'262'791'795'561'343);
  CHECK(task->resource.snapshot_json == text);

  json failed = json::parse(text);
  failed["Status"] = {{"State", "failed"}, {"Err", "task: unhealthy container"}};
  CHECK(read_task(failed.dump())->resource.health == STORM_HEALTH_UNHEALTHY);
  failed["Spec"]["ContainerSpec"]["Healthcheck"]["Test"] = {"NONE"};
  CHECK(read_task(failed.dump())->resource.health == STORM_HEALTH_UNKNOWN);
}

TEST_CASE("swarm object: the attachment of a plain container is not a task of ours", "[swarm]") {
  CHECK_FALSE(read_task(R"({"ID":"t1","Version":{"Index":1}})"));
}

TEST_CASE("swarm object: names of a task, the id first", "[swarm]") {
  CHECK(task_names("t", "c", "web", "2") == std::vector<std::string>{"t", "c", "web.2", "web.2.t"});
  CHECK(task_names("t", "", "web", "2") == std::vector<std::string>{"t", "web.2", "web.2.t"});
  CHECK(task_names("t", "", "", "2") == std::vector<std::string>{"t"});
}

TEST_CASE("swarm object: services and their updates", "[swarm]") {
  const auto status_of = [](const char* update) {
    json service = {{"ID", "s"}, {"Spec", {{"Name", "web"}}}};
    if (*update != 0) service["UpdateStatus"]["State"] = update;
    const auto read = read_service(service.dump());
    CHECK(read->resource.names == std::vector<std::string>{"s", "web"});
    return read->resource.status;
  };
  CHECK(status_of("") == STORM_STATUS_RUNNING);
  CHECK(status_of("completed") == STORM_STATUS_RUNNING);
  CHECK(status_of("updating") == STORM_STATUS_UPDATING);
  CHECK(status_of("rollback_started") == STORM_STATUS_UPDATING);
  CHECK(status_of("paused") == STORM_STATUS_ERROR);
}

TEST_CASE("swarm object: nodes; unknown is not down", "[swarm]") {
  const auto node = [](const char* state, const char* reachability) {
    json object = {
        {"ID", "n"}, {"Description", {{"Hostname", "h"}}}, {"Status", {{"State", state}}}};
    if (*reachability != 0) {
      object["ManagerStatus"] = {{"Reachability", reachability}, {"Leader", true}};
    }
    return *read_node(object.dump());
  };
  CHECK(node("ready", "").resource.status == STORM_STATUS_RUNNING);
  CHECK(node("down", "").resource.status == STORM_STATUS_STOPPED);
  CHECK(node("unknown", "").resource.status == STORM_STATUS_UNKNOWN);
  CHECK(node("ready", "").resource.health == STORM_HEALTH_UNKNOWN);
  CHECK(node("ready", "reachable").resource.health == STORM_HEALTH_HEALTHY);
  CHECK(node("ready", "unreachable").resource.health == STORM_HEALTH_UNHEALTHY);
  CHECK(node("ready", "reachable").is_leader);
}

TEST_CASE("swarm object: what /info says, and what it says anew each second", "[swarm]") {
  json info = {{"SystemTime", "2026"},
               {"NGoroutines", 4},
               {"Containers", 1},
               {"Swarm",
                {{"NodeID", "n"},
                 {"LocalNodeState", "active"},
                 {"ControlAvailable", true},
                 {"Cluster", {{"ID", "c"}, {"TLSInfo", {{"TrustRoot", "PEM"}}}}}}}};
  const auto first = read_info(info.dump());
  REQUIRE(first);
  CHECK(first->is_manager);
  CHECK(first->node_id == "n");
  CHECK(first->trust_root == "PEM");
  REQUIRE(first->cluster);
  CHECK(first->cluster->resource.names == std::vector<std::string>{"c"});
  CHECK_FALSE(json::parse(first->cluster->resource.snapshot_json).contains("SystemTime"));
  CHECK(json::parse(first->cluster->resource.snapshot_json)["Containers"] == 1);
  info["SystemTime"] = "2027";
  info["NGoroutines"] = 5;
  CHECK(read_info(info.dump())->fingerprint == first->fingerprint);
  info["Containers"] = 2;
  CHECK(read_info(info.dump())->fingerprint != first->fingerprint);
  info["Swarm"]["ControlAvailable"] = false;
  CHECK_FALSE(read_info(info.dump())->is_manager);
  CHECK_FALSE(read_info("nonsense"));
}

TEST_CASE("swarm object: shapes that Docker never sends are no crash", "[swarm]") {
  for (const char* text :
       {"", "[]", "null", "{", R"({"ID":7})", R"({"ID":""})", R"({"ID":"x","Spec":[]})",
        R"({"ID":"x","ServiceID":"s","Status":7,"Version":[],"Slot":-1})"}) {
    CAPTURE(text);
    (void)read_task(text);
    (void)read_service(text);
    (void)read_node(text);
    (void)read_info(text);
    (void)patch_task(text, "running", "running", "", 1);
  }
  SUCCEED();
}

TEST_CASE("swarm object: a patched task has the new state and keeps the rest", "[swarm]") {
  const json patched = json::parse(patch_task(
      R"({"ID":"t","Version":{"Index":1},"Status":{"State":"pending","Err":"e"},"DesiredState":"running"})",
      "running", "shutdown", "n2", 9));
  CHECK(patched ==
        json::parse(R"({"ID":"t","Version":{"Index":9},"Status":{"State":"running","Err":"e"},)"
                    R"("DesiredState":"shutdown","NodeID":"n2"})"));
}

TEST_CASE("swarm object: time stamps", "[swarm]") {
  CHECK(parse_timestamp("1970-01-01T00:00:01Z") == 1'000'000'000);
  CHECK(parse_timestamp("1970-01-01T00:00:01.5Z") == 1'500'000'000);
  CHECK(parse_timestamp("1970-01-01T00:00:01.000000001Z") == 1'000'000'001);
  for (const char* text :
       {"", "now", "2026-13-01T00:00:00Z", "2026-11-21T12:06:31", "0001-01-01T00:00:00Z"}) {
    CHECK(parse_timestamp(text) == 0);
  }
}
