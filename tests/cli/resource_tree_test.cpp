#include "cli/resource_tree.hpp"

#include "catch.hpp"

using namespace storm::cli;
using storm::Value;

namespace {
Value resource(const char* id, Value::Array names, Value parent, Value cluster) {
  return Value(Value::Object{{"id", id},
                             {"type", "t"},
                             {"names", std::move(names)},
                             {"parent", std::move(parent)},
                             {"cluster", std::move(cluster)},
                             {"status", "running"},
                             {"health", "unknown"}});
}

std::string first_column(const Table& table) {
  std::string text;
  for (const auto& row : table.rows) text += row.front() + "\n";
  return text;
}
}  // namespace

TEST_CASE("resource tree: children stand below their parents, several roots one after the other",
          "[cli]") {
  const Value::Array resources = {
      resource("c1", {"x1"}, {}, {}),
      resource("c2", {"x2"}, {}, {}),
      resource("s1", {"id", "web"}, "c1", "c1"),
      resource("t1", {"id", "web.1", "web.1.longer"}, "s1", "c1"),
      resource("t2", {"id", "web.2"}, "s1", "c1"),
      resource("n1", {"id", "node"}, {}, "c1"),
      resource("o", {}, "gone", {}),
  };
  CHECK(first_column(tree_of(resources, true)) ==
        "x1\n"
        "├─ web\n"
        "│  ├─ web.1\n"
        "│  ╰─ web.2\n"
        "╰─ node\n"
        "x2\n"
        "o\n");
  CHECK_THAT(first_column(tree_of(resources, false)), Catch::Matchers::Contains("|  `- web.2"));
}

TEST_CASE("resource tree: a circle of parents shows each resource once", "[cli]") {
  const Value::Array resources = {resource("a", {}, "b", {}), resource("b", {}, "a", {}),
                                  resource("self", {}, "self", {})};
  CHECK(tree_of(resources, true).rows.size() == 3);
}

TEST_CASE("resource tree: names that many share do not cost more than their number", "[cli]") {
  Value::Array chain;
  for (int i = 0; i < 2'000; ++i) {
    chain.push_back(resource(std::to_string(i).c_str(), {},
                             i == 0 ? Value() : Value(std::to_string(i - 1)), {}));
  }
  CHECK(tree_of(chain, true).rows.size() == 2'000);
}
