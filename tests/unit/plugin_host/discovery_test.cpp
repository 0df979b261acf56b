#include "core/plugin_host/discovery_reader.hpp"

#include "catch.hpp"
#include "storm/cpp/batch.hpp"

namespace storm {
namespace {

// What a Feed hands over, read back.
struct Reading {
  Reading() : raw{sizeof(storm_feed), 0, this, &Reading::publish} {}
  static storm_rc publish(const storm_feed* feed, const storm_call*, const storm_batch* batch) {
    static_cast<Reading*>(feed->ctx)->result = read_batch(*batch);
    return STORM_OK;
  }
  DiscoveryBatch of(const sdk::Batch& batch) {
    const storm_call call{};
    struct NoHost {
      static const void* service(const storm_host*, const char*) { return nullptr; }
    };
    storm_host host{};
    host.size = sizeof host;
    host.service = &NoHost::service;
    const sdk::Host view(&host);
    REQUIRE(sdk::Feed(&raw).publish(sdk::Call(view, &call), batch));
    REQUIRE(result);
    return *result;
  }
  storm_feed raw;
  Result<DiscoveryBatch> result = DiscoveryBatch{};
};

TEST_CASE("discovery: a batch arrives as it was built", "[plugin_host]") {
  sdk::Batch batch("east");
  batch.begin_sync(7);
  batch.end_sync();
  sdk::Resource task{.uid = "t1", .type = "swarm-task"};
  task.parent_uid = "s1";
  task.cluster_uid = "c1";
  task.host_uid = "n1";
  task.names = {"t1", "web.1"};
  task.image = "library/nginx:1.25";
  task.image_digest = "sha256:00";
  task.status = STORM_STATUS_RUNNING;
  task.health = STORM_HEALTH_HEALTHY;
  task.revision = 12;
  task.observed_wall_ns = 99;
  task.stale = true;
  task.snapshot_json = R"({"ID": "t1", "text": "ü"})";
  batch.upsert(task);
  batch.upsert({.uid = "t2", .type = "swarm-task"});
  batch.remove("t0");

  Reading reading;
  const DiscoveryBatch got = reading.of(batch);
  CHECK(got.scope == "east");
  CHECK(got.epoch == 7);
  CHECK(got.sync_begin);
  CHECK(got.sync_end);
  CHECK_FALSE(got.stale);
  REQUIRE(got.upserts.size() == 2);
  const DiscoveredResource& first = got.upserts[0];
  CHECK(first.uid == "t1");
  CHECK(first.parent_uid == "s1");
  CHECK(first.cluster_uid == "c1");
  CHECK(first.host_uid == "n1");
  CHECK(first.names == task.names);
  CHECK(first.image == task.image);
  CHECK(first.image_digest == task.image_digest);
  CHECK(first.status == Status::Running);
  CHECK(first.health == Health::Healthy);
  CHECK(first.provider_revision == 12);
  CHECK(first.observed_at == 99);
  CHECK(first.stale);
  REQUIRE(first.snapshot);
  CHECK(first.snapshot.text() == task.snapshot_json);
  CHECK(got.upserts[1].snapshot == nullptr);
  CHECK(got.removals == std::vector<std::string>{"t0"});
}

TEST_CASE("discovery: elements of a newer, larger struct are read by their stride",
          "[plugin_host]") {
  struct Larger {
    storm_resource known;
    std::uint64_t later;
  };
  Larger things[2] = {};
  for (Larger& thing : things) {
    thing.known.size = sizeof(Larger);
    thing.known.uid = sdk::str(&thing == things ? "a" : "b");
    thing.known.type = sdk::str("t");
  }
  storm_batch batch{};
  batch.size = sizeof batch;
  batch.upserts = {things, 2, sizeof(Larger)};
  const auto got = read_batch(batch);
  REQUIRE(got);
  CHECK(got->upserts[0].uid == "a");
  CHECK(got->upserts[1].uid == "b");
}

}  // namespace
}  // namespace storm
