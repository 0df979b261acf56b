#include "plugins/executors/swarm/known_objects.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace storm::swarm;
using nlohmann::json;

namespace {

json task(const std::string& id, std::uint64_t version, const std::string& service = "s") {
  return {{"ID", id},  {"Version", {{"Index", version}}},  {"ServiceID", service},
          {"Slot", 1}, {"Status", {{"State", "running"}}}, {"DesiredState", "running"}};
}
json service(const std::string& id, std::uint64_t version) {
  return {{"ID", id}, {"Version", {{"Index", version}}}, {"Spec", {{"Name", "name-of-" + id}}}};
}
json node(const std::string& id, std::uint64_t version, bool leader) {
  return {{"ID", id},
          {"Version", {{"Index", version}}},
          {"ManagerStatus", {{"Leader", leader}, {"Reachability", "reachable"}}}};
}
SwarmObject object_of(const json& task_json) { return *read_task(task_json.dump()); }

WatchEvent event(const std::string& id, std::uint64_t version, bool removed = false) {
  WatchEvent out;
  out.id = id;
  out.service_id = std::string("s");  // "s" alone: a false alarm of g++ 12 (GCC bug 105651)
  out.version = version;
  out.removed = removed;
  return out;
}

// A swarm of one service and one task, listed at time 10.
struct Listed {
  KnownObjects known;
  Listed() {
    known.begin_cluster("c");
    Changes changes;
    known.put_listing(ObjectKind::Service, json::array({service("s", 5)}).dump(), 10, changes);
    known.put_listing(ObjectKind::Task, json::array({task("t", 8)}).dump(), 10, changes);
    known.end_first_listing();
  }
};

}  // namespace

TEST_CASE("known objects: an event counts when its version is higher", "[swarm]") {
  Listed listed;
  CHECK(listed.known.judge(event("t", 8)) == EventVerdict::Drop);
  CHECK(listed.known.judge(event("t", 9)) == EventVerdict::Read);
  // A manager that starts tells its history again: unknown objects of versions already listed.
  CHECK(listed.known.judge(event("long-gone", 7)) == EventVerdict::Drop);
  CHECK(listed.known.judge(event("long-gone", 8)) == EventVerdict::Drop);
  CHECK(listed.known.judge(event("new", 9)) == EventVerdict::Read);
}

TEST_CASE("known objects: a removal counts whatever its version", "[swarm]") {
  Listed listed;
  CHECK(listed.known.judge(event("t", 1, true)) == EventVerdict::Remove);
  CHECK(listed.known.judge(event("other", 99, true)) == EventVerdict::Remove);
}

TEST_CASE("known objects: a removal stands against answers under way of what was not yet known",
          "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.remove("young", changes);
  CHECK(changes.empty());
  listed.known.put(object_of(task("young", 30)), 50, changes);
  listed.known.put_listing(ObjectKind::Task, json::array({task("t", 8), task("young", 30)}).dump(),
                           50, changes);
  CHECK(changes.empty());
  CHECK_FALSE(listed.known.knows("young"));
}

TEST_CASE("known objects: after a restore from a backup lower versions count", "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.remove("late", changes);
  const std::string services = json::array({service("s", 4)}).dump();
  const std::string tasks = json::array({task("t", 6), task("late", 7)}).dump();
  const auto ahead_of = [&](const std::string& task_list) {
    return listed.known.is_ahead_of(
        {{ObjectKind::Service, services}, {ObjectKind::Task, task_list}});
  };
  CHECK_FALSE(ahead_of(json::array({task("t", 8)}).dump()));
  CHECK_FALSE(ahead_of("not a list"));
  CHECK_FALSE(KnownObjects().is_ahead_of({{ObjectKind::Task, tasks}}));
  REQUIRE(ahead_of(tasks));
  listed.known.forget_versions();
  listed.known.put_listing(ObjectKind::Service, services, 90, changes);
  listed.known.put_listing(ObjectKind::Task, tasks, 90, changes);
  listed.known.end_first_listing();
  CHECK(changes.removals.empty());
  CHECK(listed.known.version_of("s") == 4);
  CHECK(listed.known.version_of("t") == 6);
  CHECK(listed.known.version_of("late") == 7);  // it was removed after the backup
  CHECK(listed.known.judge(event("t", 7)) == EventVerdict::Read);
  CHECK(listed.known.judge(event("new", 8)) == EventVerdict::Read);
}

TEST_CASE("known objects: what a restore left as it was keeps its version", "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.forget_versions();
  listed.known.put_listing(ObjectKind::Task, json::array({task("t", 8)}).dump(), 90, changes);
  listed.known.end_first_listing();
  CHECK(changes.empty());
  CHECK(listed.known.judge(event("t", 8)) == EventVerdict::Drop);
  CHECK(listed.known.judge(event("new", 8)) == EventVerdict::Drop);
}

TEST_CASE("known objects: a task without a service is not ours", "[swarm]") {
  Listed listed;
  WatchEvent attachment = event("new", 99);
  attachment.service_id.clear();
  CHECK(listed.known.judge(attachment) == EventVerdict::Drop);
}

TEST_CASE("known objects: an older answer never overwrites a newer one", "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.put(object_of(task("t", 7)), 20, changes);
  CHECK(changes.empty());
  listed.known.put(object_of(task("t", 8)), 20, changes);
  CHECK(changes.empty());  // the same again
  listed.known.put(object_of(task("t", 9)), 20, changes);
  REQUIRE(changes.upserts.size() == 1);
  CHECK(changes.upserts[0].revision == 9);
}

TEST_CASE("known objects: what was removed does not come back with a late answer", "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.remove("t", changes);
  CHECK(changes.removals == std::vector<std::string>{"t"});
  listed.known.put(object_of(task("t", 99)), 1'000, changes);
  listed.known.put_listing(ObjectKind::Task, json::array({task("t", 99)}).dump(), 1'000, changes);
  CHECK(changes.upserts.empty());
  CHECK_FALSE(listed.known.knows("t"));
}

TEST_CASE("known objects: a listing does not remove what was read after it was asked for",
          "[swarm]") {
  Listed listed;
  Changes changes;
  listed.known.put(object_of(task("young", 30)), 50, changes);
  listed.known.put_listing(ObjectKind::Task, "[]", 40, changes);
  CHECK(changes.removals == std::vector<std::string>{"t"});
  CHECK(listed.known.knows("young"));
  // An answer to a question older than that listing does not bring the task back.
  listed.known.put(object_of(task("t", 9)), 39, changes);
  CHECK_FALSE(listed.known.knows("t"));
}

TEST_CASE("known objects: what is not a listing removes nothing", "[swarm]") {
  Listed listed;
  Changes changes;
  CHECK_FALSE(listed.known.put_listing(ObjectKind::Task, R"({"message":"no"})", 99, changes));
  CHECK_FALSE(listed.known.put_listing(ObjectKind::Task, "[{\"ID\":", 99, changes));
  CHECK(changes.empty());
  CHECK(listed.known.knows("t"));
}

TEST_CASE("known objects: tasks follow their service: parent and names", "[swarm]") {
  Listed listed;
  const storm::sdk::Resource* before = listed.known.all().back();
  CHECK(before->parent_uid == "s");
  CHECK(before->cluster_uid == "c");
  CHECK(before->names == std::vector<std::string>{"t", "name-of-s.1", "name-of-s.1.t"});
  Changes changes;
  listed.known.remove("s", changes);
  REQUIRE(changes.upserts.size() == 1);
  CHECK(changes.upserts[0].uid == "t");
  CHECK(changes.upserts[0].parent_uid.empty());
  CHECK(changes.upserts[0].names.size() == 3);  // it keeps the names that people know
}

TEST_CASE("known objects: a task that was there before its service gets it later", "[swarm]") {
  KnownObjects known;
  known.begin_cluster("c");
  Changes changes;
  known.put(object_of(task("t", 8)), 10, changes);
  CHECK(changes.upserts.back().parent_uid.empty());
  known.put(*read_service(service("s", 9).dump()), 11, changes);
  REQUIRE(changes.upserts.size() == 3);
  CHECK(changes.upserts.back().uid == "t");
  CHECK(changes.upserts.back().parent_uid == "s");
  CHECK(changes.upserts.back().names.size() == 3);
}

TEST_CASE("known objects: a patch is stale until Docker answers", "[swarm]") {
  Listed listed;
  Changes changes;
  WatchEvent news = event("t", 12);
  news.state = 704;
  news.desired_state = 640;
  listed.known.patch(news, changes);
  REQUIRE(changes.upserts.size() == 1);
  CHECK(changes.upserts[0].stale);
  CHECK(changes.upserts[0].status == STORM_STATUS_ERROR);
  CHECK(changes.upserts[0].revision == 12);
  changes = {};
  listed.known.put_listing(ObjectKind::Task, json::array({task("t", 12)}).dump(), 99, changes);
  REQUIRE(changes.upserts.size() == 1);
  CHECK_FALSE(changes.upserts[0].stale);
}

TEST_CASE("known objects: a leader comes and goes without any version", "[swarm]") {
  KnownObjects known;
  known.begin_cluster("c");
  Changes changes;
  const auto info = read_info(
      R"({"Swarm":{"NodeID":"n","LocalNodeState":"active","ControlAvailable":true,"Cluster":{"ID":"c"}}})");
  known.put_cluster(*info, changes);
  known.put_listing(ObjectKind::Node, json::array({node("n", 3, true)}).dump(), 10, changes);
  CHECK(known.all()[0]->status == STORM_STATUS_RUNNING);
  changes = {};
  known.put_listing(ObjectKind::Node, json::array({node("n", 3, false)}).dump(), 20, changes);
  CHECK(changes.upserts.size() == 2);
  CHECK(known.all()[0]->status == STORM_STATUS_UNKNOWN);
  changes = {};
  known.put_cluster(*info, changes);
  CHECK(changes.empty());
}

TEST_CASE("known objects: another cluster begins with nothing", "[swarm]") {
  Listed listed;
  listed.known.begin_cluster("d");
  CHECK(listed.known.size() == 0);
  CHECK(listed.known.judge(event("t", 1)) == EventVerdict::Read);
}
