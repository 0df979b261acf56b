#include "plugins/executors/jsonl/line_parser.hpp"

#include <string>

#include "catch.hpp"

namespace storm::jsonl {
namespace {

Change parse(const std::string& line) {
  static LineParser parser;
  // What follows a line in a file must not matter to it.
  std::string padded = line + std::string(kLinePadding, '}');
  return parser.parse(std::string_view(padded).substr(0, line.size()));
}

sdk::Resource resource(const std::string& line) {
  Change change = parse(line);
  if (const auto* bad = std::get_if<BadLine>(&change)) FAIL(bad->reason);
  REQUIRE(std::holds_alternative<sdk::Resource>(change));
  return std::get<sdk::Resource>(change);
}

std::string refusal(const std::string& line) {
  const Change change = parse(line);
  return std::holds_alternative<BadLine>(change) ? std::get<BadLine>(change).reason : "taken";
}

TEST_CASE("jsonl line: all fields of a resource are read", "[jsonl]") {
  const sdk::Resource read = resource(
      R"({"id":"t1","type":"task","names":["web.1","t1"],"image":"library/nginx:1.25",)"
      R"("image_digest":"sha256:00","status":"running","health":"unhealthy","parent":"s1",)"
      R"("cluster":"c1","host":"n1","snapshot":{"a":1}})");
  CHECK(read.uid == "t1");
  CHECK(read.type == "task");
  CHECK(read.names == std::vector<std::string>{"web.1", "t1"});
  CHECK(read.image == "library/nginx:1.25");
  CHECK(read.image_digest == "sha256:00");
  CHECK(read.status == STORM_STATUS_RUNNING);
  CHECK(read.health == STORM_HEALTH_UNHEALTHY);
  CHECK(read.parent_uid == "s1");
  CHECK(read.cluster_uid == "c1");
  CHECK(read.host_uid == "n1");
  CHECK(read.snapshot_json == R"({"a":1})");
}

TEST_CASE("jsonl line: an id and a type are enough, and the id is a name", "[jsonl]") {
  const sdk::Resource read = resource(R"({"id":"m1","type":"machine"})");
  CHECK(read.names == std::vector<std::string>{"m1"});
  CHECK(read.status == STORM_STATUS_UNKNOWN);
  CHECK(read.snapshot_json.empty());
  CHECK(resource(R"({"id":"m1","type":"m","names":["a"],"image":null,"parent":null})").names ==
        std::vector<std::string>{"m1", "a"});
}

TEST_CASE("jsonl line: a snapshot keeps its very bytes", "[jsonl]") {
  const auto snapshot = [](const std::string& text) {
    return resource(R"({"snapshot": )" + text + R"( ,"id":"a","type":"b"})").snapshot_json;
  };
  CHECK(snapshot(R"({ "z" : 1.50,  "a":[ 1e2, "\u00e9\/" ] })") ==
        R"({ "z" : 1.50,  "a":[ 1e2, "\u00e9\/" ] })");
  CHECK(snapshot("[1, 2]") == "[1, 2]");
  CHECK(snapshot("12345678901234567") == "12345678901234567");
  CHECK(snapshot(R"("text")") == R"("text")");
  CHECK(snapshot("null").empty());
  CHECK(resource(R"({"op":"upsert","id":"a","doc":{"id":"a","type":"b","snapshot":{ "n":1 }}})")
            .snapshot_json == R"({ "n":1 })");
}

TEST_CASE("jsonl line: changes are upserts and removals", "[jsonl]") {
  CHECK(resource(R"({"seq":0,"op":"upsert","id":"a","doc":{"id":"a","type":"b"}})").uid == "a");
  const Change removal = parse(R"({"seq":3,"op":"remove","id":"gone"})");
  REQUIRE(std::holds_alternative<Removal>(removal));
  CHECK(std::get<Removal>(removal).uid == "gone");
  CHECK(refusal(R"({"op":"remove"})") == "it has no id");
  CHECK(refusal(R"({"op":"upsert","id":"a"})") == "its doc is no object");
  CHECK(refusal(R"({"op":"upsert","id":"x","doc":{"id":"a","type":"b"}})") ==
        "its id is not that of its doc");
  CHECK(refusal(R"({"op":"delete","id":"a"})") == "op is neither upsert nor remove");
}

TEST_CASE("jsonl line: what is wrong is refused and said without showing it", "[jsonl]") {
  CHECK(refusal(R"({"type":"b"})") == "it has no id");
  CHECK(refusal(R"({"id":"a"})") == "it has no type");
  CHECK(refusal(R"({"id":7,"type":"b"})") == "id is no text");
  CHECK(refusal(R"({"id":"a","type":"  "})") == "type is blank");
  CHECK(refusal(R"({"id":"a","type":"b","names":"a"})") == "names is no list");
  CHECK(refusal(R"({"id":"a","type":"b","names":[1]})") == "names has something that is no text");
  CHECK(refusal(R"({"id":"a","type":"b","names":[""]})") == "a name is blank");
  CHECK(refusal(R"({"id":"a","type":"b","status":"runing"})").starts_with("status is none of: "));
  CHECK(refusal(R"({"id":"a","type":"b","health":true})") == "health is no text");
  CHECK(refusal(R"({"id":")" + std::string(513, 'x') + R"(","type":"b"})") ==
        "id has 513 bytes, at most 512 are allowed");
  CHECK(refusal("[]") == "it is no object");
  for (const char* text :
       {"{", "secret", R"({"id":"a","type":"b"} {})", R"({"id":"a\ud800"})",
        "{\"id\":\"\xff\",\"type\":\"b\"}", R"({"id":"a","type":"b","snapshot":{"a":01}})"}) {
    INFO(text);
    CHECK(refusal(text).starts_with("it is no JSON: "));
    CHECK(refusal(text).find("secret") == std::string::npos);
  }
}

TEST_CASE("jsonl line: more names than a resource may have are refused", "[jsonl]") {
  std::string names;
  for (int i = 0; i < 64; ++i) names += (i ? ",\"n" : "\"n") + std::to_string(i) + '"';
  CHECK(refusal(R"({"id":"n3","type":"b","names":[)" + names + "]}") == "taken");
  CHECK(refusal(R"({"id":"a","type":"b","names":[)" + names + "]}") == "it has more than 64 names");
}

TEST_CASE("jsonl line: nesting without end is refused", "[jsonl]") {
  const std::string deep(100'000, '[');
  CHECK(refusal(R"({"id":"a","type":"b","snapshot":)" + deep).starts_with("it is no JSON: "));
}

}  // namespace
}  // namespace storm::jsonl
