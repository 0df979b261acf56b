#include "cli/resource_names.hpp"

#include "catch.hpp"
#include "cli/nouns.hpp"

using namespace storm::cli;
using storm::Value;

namespace {
const Value kTask(Value::Array{"0kc5twgnj79rntn8cvnh1yuuo", "web.1.0kc5twgnj79rntn8cvnh1yuuo",
                               "web.1"});
}

TEST_CASE("resource names: the shortest behind the cloud's own is the readable one", "[cli]") {
  CHECK(readable_name(kTask) == "web.1");
  CHECK(readable_name(Value(Value::Array{"alone"})) == "alone");
  CHECK(readable_name(Value::array()).empty());
  CHECK(readable_name(Value()).empty());
}

TEST_CASE("resource names: what has no name is called by its id", "[cli]") {
  CHECK(label_of(Value(Value::Object{{"id", "res-1"}, {"names", kTask}})) == "web.1");
  CHECK(label_of(Value(Value::Object{{"id", "res-1"}, {"names", Value::array()}})) == "res-1");
  CHECK(label_of(Value(Value::Object{{"id", "res-1"}})) == "res-1");
}

TEST_CASE("resource names: people read the readable one first, programs the order of the cloud",
          "[cli]") {
  CHECK(names_text(kTask, true) ==
        "web.1, 0kc5twgnj79rntn8cvnh1yuuo, web.1.0kc5twgnj79rntn8cvnh1yuuo");
  CHECK(names_text(kTask, false) ==
        "0kc5twgnj79rntn8cvnh1yuuo, web.1.0kc5twgnj79rntn8cvnh1yuuo, web.1");
  const Value document(Value::Object{{"names", kTask}});
  const NounColumn column{"NAMES", "names", CellKind::Names};
  CHECK(cell_text(document, column, {}) == "0kc5twgnj79rntn8cvnh1yuuo, web.1.0kc5twgnj79rnt...");
  CHECK(cell_text(document, column, {false, true}) ==
        "web.1, 0kc5twgnj79rntn8cvnh1yuuo, web.1.0kc5twg...");
  CHECK(cell_text(document, column, {true, false}) == names_text(kTask, false));
}

TEST_CASE("resource names: a change tells which came and which went", "[cli]") {
  const Value before(Value::Array{"id", "web.1.id", "web.1"});
  const Value after(Value::Array{"id", "5deb8a06cf7f4dd1995732df04c9c4f7", "web.1"});
  CHECK(names_difference(before, after) == "+5deb8a06cf7f4dd199573..., -web.1.id");
  CHECK(names_difference(before, before).empty());
  CHECK(names_difference(Value(), after).empty());
}
