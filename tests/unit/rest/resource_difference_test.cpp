#include "core/rest/resource_difference.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

Resource with(std::string_view snapshot) {
  Resource resource;
  resource.type = "vm";
  resource.names = {"a"};
  resource.snapshot = PackedText::raw(snapshot);
  return resource;
}

std::string changed(const Resource& before, const Resource& after) {
  return to_json(Value(difference_of(before, after).changed));
}

}  // namespace

TEST_CASE("resource difference: fields and places in the snapshot, old and new", "[rest]") {
  Resource before = with(R"({"a": {"b": 1, "gone": true}, "list": [1, 2]})");
  Resource after = with(R"({"a": {"b": 2, "more": null}, "list": [1, 3]})");
  after.status = Status::Running;
  after.revision = 7;
  after.observed_at = 9;
  CHECK(changed(before, after) ==
        R"([{"path":"status","old":"unknown","new":"running"},)"
        R"({"path":"snapshot.a.b","old":1,"new":2},{"path":"snapshot.a.more","new":null},)"
        R"({"path":"snapshot.a.gone","old":true},{"path":"snapshot.list.1","old":2,"new":3}])");
  CHECK(changed(before, before) == "[]");
}

TEST_CASE("resource difference: a list that grew is told whole, an absent snapshot as well",
          "[rest]") {
  CHECK(changed(with(R"({"l": [1]})"), with(R"({"l": [1, 2]})")) ==
        R"([{"path":"snapshot.l","old":[1],"new":[1,2]}])");
  Resource bare = with("{}");
  bare.snapshot = nullptr;
  CHECK(changed(bare, with(R"({"a":1})")) == R"([{"path":"snapshot","old":null,"new":{"a":1}}])");
}

TEST_CASE("resource difference: bounded in number and size", "[rest]") {
  Value many = Value::object();
  for (int i = 0; i < 1000; ++i) many.add("k" + std::to_string(i), i);
  const ResourceDifference difference = difference_of(with("{}"), with(to_json(many)));
  CHECK(difference.changed.size() == kChangedPathsMax);
  CHECK(difference.more);
  const std::string large(100'000, 'x');
  CHECK(changed(with(R"({"a":1})"), with(R"({"a":")" + large + "\"}")) ==
        R"([{"path":"snapshot.a","old":1,"new_bytes":100002}])");
}
