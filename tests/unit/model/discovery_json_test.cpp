#include "core/model/discovery_json.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;

namespace {

Result<DiscoveryBatch> read(std::string_view json) {
  const auto body = parse_json(json);
  REQUIRE(body);
  return discovery_from_value(*body);
}

std::vector<std::string> pointers_of(std::string_view json) {
  const auto batch = read(json);
  REQUIRE_FALSE(batch);
  std::vector<std::string> pointers;
  for (const Problem& problem : batch.error().problems) pointers.push_back(problem.pointer);
  return pointers;
}

}  // namespace

TEST_CASE("discovery: a batch as JSON is the same batch again", "[model]") {
  DiscoveryBatch batch;
  batch.scope = "east \"1\"";
  batch.epoch = 7;
  batch.sync_begin = batch.sync_end = batch.stale = true;
  DiscoveredResource full;
  full.uid = "task-\u00e9";
  full.type = "swarm-task";
  full.parent_uid = "p";
  full.cluster_uid = "c";
  full.host_uid = "h";
  full.names = {"a", "b\n"};
  full.image = "library/redis:7";
  full.image_digest = "sha256:0";
  full.status = Status::Updating;
  full.health = Health::Unhealthy;
  full.provider_revision = INT64_MAX;
  full.observed_at = 1'700'000'000'123'456'789;
  full.stale = true;
  full.snapshot = PackedText::raw("{ \"a\" : 1.50 }");
  DiscoveredResource bare;
  bare.uid = "x";
  bare.type = "y";
  batch.upserts = {full, bare};
  batch.removals = {"gone"};

  const auto again = read(to_json(batch));
  REQUIRE(again);
  CHECK(to_json(*again) == to_json(batch));
  CHECK(again->scope == batch.scope);
  CHECK(again->stale);
  REQUIRE(again->upserts.size() == 2);
  const DiscoveredResource& read_back = again->upserts[0];
  CHECK(read_back.snapshot.text() == "{ \"a\" : 1.50 }");
  CHECK(read_back.names == full.names);
  CHECK(read_back.status == Status::Updating);
  CHECK(read_back.observed_at == full.observed_at);
  CHECK_FALSE(again->upserts[1].snapshot);
  CHECK(again->removals == batch.removals);
}

TEST_CASE("discovery: an empty object is a batch that says nothing", "[model]") {
  const auto batch = read("{}");
  REQUIRE(batch);
  CHECK(batch->upserts.empty());
  CHECK_FALSE(batch->sync_begin);
}

TEST_CASE("discovery: what is wrong is told by its place", "[model]") {
  CHECK(pointers_of(R"({"upserts": [{"uid": "a", "type": "t"}, {"type": "t"}]})") ==
        std::vector<std::string>{"/upserts/1/uid"});
  CHECK(pointers_of(R"({"upserts": [{"uid": "a", "type": " ", "status": "on"}]})") ==
        std::vector<std::string>{"/upserts/0/type", "/upserts/0/status"});
  CHECK(pointers_of(R"({"upserts": [{"uid": "a", "type": "t", "snapshot": "{"}]})") ==
        std::vector<std::string>{"/upserts/0/snapshot"});
  CHECK(pointers_of(R"({"upserts": [{"uid": "a", "type": "t", "snapshot": 3}]})") ==
        std::vector<std::string>{"/upserts/0/snapshot"});
  CHECK(pointers_of(R"({"upserts": [{"uid": "a", "type": "t", "revision": -1}]})") ==
        std::vector<std::string>{"/upserts/0/revision"});
  CHECK(pointers_of(R"({"removals": [""], "epoch": "x"})") ==
        std::vector<std::string>{"/epoch", "/removals/0"});
  CHECK(pointers_of(R"({"upserts": {}})") == std::vector<std::string>{"/upserts"});
  CHECK(pointers_of("[]") == std::vector<std::string>{"/non_field_errors"});
  CHECK(pointers_of(R"({"scope": ")" + std::string(kScopeBytesMax + 1, 'x') + "\"}") ==
        std::vector<std::string>{"/scope"});
}

TEST_CASE("discovery: the uid of a plugin may be blank, and is never empty", "[model]") {
  const auto batch = read(R"({"upserts": [{"uid": " ", "type": "t", "host_uid": "\t"}],
                              "removals": [" "]})");
  REQUIRE(batch);
  CHECK(batch->upserts.at(0).uid == " ");
  CHECK(batch->upserts.at(0).host_uid == "\t");
  CHECK(batch->removals == std::vector<std::string>{" "});
  CHECK(pointers_of(R"({"upserts": [{"uid": "", "type": "t"}, {"uid": null, "type": "t"}]})") ==
        std::vector<std::string>{"/upserts/0/uid", "/upserts/1/uid"});
  CHECK(pointers_of(R"({"removals": [")" + std::string(kUidBytesMax + 1, 'x') + "\"]}") ==
        std::vector<std::string>{"/removals/0"});
}
