#include "plugins/executors/swarm/json_slices.hpp"

#include <string>

#include "catch.hpp"

using storm::swarm::leading_id;
using storm::swarm::slice_objects;
using storm::swarm::trim;

TEST_CASE("json slices: objects are cut out byte for byte", "[swarm]") {
  const auto slices = slice_objects(" [{\"a\": \"]}\\\"\"},\n {\"b\":[{}, []]} ]\n");
  REQUIRE(slices);
  REQUIRE(slices->size() == 2);
  CHECK((*slices)[0] == "{\"a\": \"]}\\\"\"}");
  CHECK((*slices)[1] == "{\"b\":[{}, []]}");
  CHECK(slice_objects("[]")->empty());
  CHECK(slice_objects(" [ ] ")->empty());
}

TEST_CASE("json slices: what is not an array of objects is refused", "[swarm]") {
  for (const char* text : {"", "[", "]", "{}", "null", "[1]", "[{}", "[{]", "[{},]", "[,{}]",
                           "[{}{}]", "[{\"a\":\"]", "[{\"a\":\"\\\"}]", "[}{]"}) {
    CAPTURE(text);
    CHECK_FALSE(slice_objects(text));
  }
  CHECK_FALSE(slice_objects("[{\"a\":" + std::string(100'000, '[') + "]"));
}

TEST_CASE("json slices: the leading id is found where Docker puts it", "[swarm]") {
  CHECK(leading_id(R"({"ID":"abc","Version":{}})") == "abc");
  CHECK(leading_id(R"({"Version":{},"ID":"abc"})").empty());
  CHECK(leading_id(R"({"ID":"a\"c"})").empty());
  CHECK(leading_id(R"({"ID":"abc)").empty());
  CHECK(trim(" \n x y \t").size() == 3);
  CHECK(trim(" \n ").empty());
}
