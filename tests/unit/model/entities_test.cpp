#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/model/application.hpp"
#include "core/model/group.hpp"
#include "core/model/job.hpp"
#include "core/model/resource.hpp"

using namespace storm;

namespace {

Value json(std::string_view text) { return *parse_json(text); }

std::string faults(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.pointer + ": " + problem.message + "\n";
  return text;
}

}  // namespace

TEST_CASE("entities: every fault of a group is named under its field in the known words",
          "[model]") {
  std::vector<Problem> problems;
  read_group(
      json(
          R"({"name":"","query":[],"services":[{"name":"a","protocol":"icmp","port":70000},{}],"include":{},
                      "exclude":["x",1,null,""]})"),
      nullptr, problems);
  CHECK(faults(problems) ==
        "/name: This field may not be blank.\n"
        "/query: Expected a JSON object.\n"
        "/services/0/protocol: \"icmp\" is not a valid choice.\n"
        "/services/0/port: Ensure this value is less than or equal to 65535.\n"
        "/services/1/name: This field is required.\n"
        "/services/1/protocol: This field is required.\n"
        "/services/1/port: This field is required.\n"
        "/include: Expected a list of items but got type \"dict\".\n"
        "/exclude/1: Not a valid string.\n"
        "/exclude/2: This field may not be null.\n"
        "/exclude/3: This field may not be blank.\n");
}

TEST_CASE("entities: a misspelled field is refused, a foreign one is ignored", "[model]") {
  std::vector<Problem> problems;
  read_group(json(R"({"name":"g","querry":{},"colour":"red"})"), nullptr, problems);
  CHECK(faults(problems) == "/querry: Unknown field; did you mean \"query\"?\n");
}

TEST_CASE("entities: a body that is no object is refused as a whole", "[model]") {
  std::vector<Problem> problems;
  read_group(json("[]"), nullptr, problems);
  CHECK(faults(problems) ==
        "/non_field_errors: Invalid data. Expected a dictionary, but got list.\n");
}

TEST_CASE("entities: a change keeps what it does not name, and null clears a name", "[model]") {
  std::vector<Problem> problems;
  Group known;
  known.name = "old";
  known.query = json(R"({"type":"x"})");
  const Group changed = read_group(json(R"({"name":null})"), &known, problems).group;
  CHECK(problems.empty());
  CHECK_FALSE(changed.name);
  CHECK(changed.query == known.query);
}

TEST_CASE(
    "entities: a resource is printed in the order of its fields with its snapshot byte for byte",
    "[model]") {
  Resource resource;
  resource.id = Id{EntityKind::Resource, {}};
  resource.type = "swarm-task";
  resource.names = {"a", "b"};
  resource.snapshot = PackedText::raw(R"({"N":1.50, "s":"\u003c"})");
  resource.revision = 7;
  std::string text;
  append_resource_json(text, resource);
  CHECK(
      text ==
      R"({"id":"res-0000000000000000000000","type":"swarm-task","names":["a","b"],"owner":null,"parent":null,)"
      R"("cluster":null,"host":null,"image":null,"status":"unknown","health":"unknown",)"
      R"("snapshot":{"N":1.50, "s":"\u003c"},"first_seen":"","observed_at":"","revision":7,"stale":false})");
}

TEST_CASE("entities: a resource comes back from its row unchanged", "[model]") {
  Resource resource;
  resource.id = Id::random(EntityKind::Resource);
  resource.owner = Id::random(EntityKind::Agent);
  resource.parent = Id::random(EntityKind::Resource);
  resource.type = "swarm-task";
  resource.names = {"id", "name\nwith a line"};
  resource.image = "library/postgres:9.6";
  resource.image_digest = "sha256:abc";
  resource.status = Status::Running;
  resource.health = Health::Healthy;
  std::string snapshot = "{\"a\":\n1.50}";
  for (int i = GENERATE(0, 100); i > 0; --i)
    snapshot.insert(1, "\"" + std::to_string(i) + "\":1,\n");
  TextPacker packer;
  TextPool pool;
  const bool packed = GENERATE(false, true);
  resource.snapshot = packed ? packer.pack(snapshot) : PackedText::raw(snapshot);
  resource.uid = "id";
  resource.first_seen = 5;
  resource.provider_revision = 11;
  auto back = resource_from_row(resource.id, to_row(resource), packer, pool);
  REQUIRE(back);
  CHECK(same_content(*back, resource));
  CHECK(back->snapshot.text() == snapshot);
  CHECK(back->uid == "id");
  CHECK(back->first_seen == 5);
  CHECK(back->provider_revision == 11);
  CHECK_FALSE(resource_from_row(resource.id, "nonsense", packer, pool));
}

TEST_CASE("entities: a wrong status and health are refused as the original does", "[model]") {
  std::vector<Problem> problems;
  read_resource(json(R"({"type":"t","names":[""],"status":"x","health":"y"})"), nullptr, problems);
  CHECK(faults(problems) ==
        "/names/0: This field may not be blank.\n"
        "/status: \"x\" is not a valid choice.\n"
        "/health: \"y\" is not a valid choice.\n");
}

TEST_CASE("entities: an image is found by its short form and with its digest too", "[model]") {
  CHECK(image_aliases("library/postgres:9.6", "sha256:1") ==
        std::vector<std::string>{"library/postgres:9.6", "postgres:9.6",
                                 "library/postgres:9.6@sha256:1", "postgres:9.6@sha256:1"});
  CHECK(image_aliases("coolstuff/webapp:1", "") == std::vector<std::string>{"coolstuff/webapp:1"});
  CHECK(image_aliases("", "").empty());
}

TEST_CASE("entities: arrows in components become components and links", "[model]") {
  std::vector<Problem> problems;
  const ApplicationDraft draft = read_application(
      json(
          R"({"name":"m","components":["frontend => database[postgres]"],"expose":["frontend[http]"]})"),
      nullptr, problems);
  CHECK(problems.empty());
  REQUIRE(draft.components);
  CHECK(draft.components->size() == 2);
  REQUIRE(draft.links->size() == 1);
  CHECK(draft.links->front().service == "postgres");
  CHECK(draft.expose->front().component == "frontend");
}

TEST_CASE("entities: a job comes back from its row unchanged", "[model]") {
  Job job;
  job.id = Id::random(EntityKind::Job);
  job.type = "swarm";
  job.owner = Id::random(EntityKind::Agent);
  job.status = JobStatus::Running;
  job.created = 123456789;
  job.result = json(R"({"a":[1]})");
  auto back = job_from_row(job.id, to_row(job));
  REQUIRE(back);
  CHECK(to_value(*back) == to_value(job));
  CHECK(back->created == job.created);
}
