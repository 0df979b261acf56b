// Which access predicates a query offers to an index over queries.
#include <algorithm>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

// One line for each predicate: "path = values" or "path ^ prefixes".
std::string access(std::string_view filter) {
  static const OperatorSet operators = test::text_operators();
  const auto query = Query::parse(*parse_json(filter), operators);
  REQUIRE(query);
  std::string out;
  for (const AccessPredicate& predicate : query->access()) {
    if (!out.empty()) out += "; ";
    if (predicate.kind == AccessPredicate::Kind::Never) {
      out += "never";
    } else if (predicate.kind == AccessPredicate::Kind::AnyOf) {
      out += predicate.path + " = " + to_json(Value(Value::Array(predicate.values)));
    } else {
      out += predicate.path + " ^";
      for (const std::string& prefix : predicate.prefixes) out += " " + prefix;
    }
  }
  return out;
}

}  // namespace

TEST_CASE("access: equality, lists and prefixes of a conjunction, the narrow ones first",
          "[query]") {
  CHECK(access(R"({"image":{"$regex":"^library/postgres:"},"type":"swarm-task",
                   "status":{"$in":["running","starting","running"]}})") ==
        R"(type = ["swarm-task"]; status = ["running","starting"]; image ^ library/postgres:)");
  CHECK(access(R"({"$and":[{"a":1},{"$and":[{"b.c":true}]}]})") == "a = [1]; b.c = [true]");
  CHECK(access(R"({"a":{"$all":[1,2]}})") == "a = [1]; a = [2]");
  CHECK(access(R"({"a":{"$regex":"^abc$"}})") == R"(a = ["abc","abc\n"])");
  CHECK(access(R"({"a":{"$in":["x",{"$regex":"^xy"},{"$regex":"^b"}]}})") == "a ^ b x");
}

TEST_CASE("access: branches that agree on a path are merged", "[query]") {
  CHECK(access(R"({"$or":[{"a":1},{"a":2,"b":1},{"a":{"$in":[2,3]}}]})") == "a = [1,2,3]");
  CHECK(access(R"({"$or":[{"a":"xyz"},{"a":{"$regex":"^x"}}]})") == "a ^ x");
  CHECK(access(R"({"$or":[{"a":1},{"b":2}]})").empty());
  CHECK(access(R"({"$or":[{"a":1},{"a":{"$gt":5}}]})").empty());
  CHECK(access(R"({"$or":[{"a":1},{"a":{"$in":[]}}]})") == "a = [1]");
}

TEST_CASE("access: what nothing can match is never", "[query]") {
  for (const char* filter :
       {R"({"a":{"$in":[]}})", R"({"b":1,"a":{"$all":[]}})", R"({"a":{"$gt":null}})",
        R"({"$or":[{"a":{"$in":[]}},{"b":{"$in":[]}}]})", R"({"$nor":[{}]})",
        R"({"a":{"$type":"date"}})"}) {
    INFO(filter);
    CHECK(access(filter) == "never");
  }
}

TEST_CASE("access: a condition that other documents fulfil too gives none", "[query]") {
  for (const char* filter :
       {"{}", R"({"a":null})", R"({"a":{"$in":[1,null]}})", R"({"a":[1]})", R"({"a":{"b":1}})",
        R"({"a":{"$ne":1}})", R"({"a":{"$not":{"$eq":1}}})", R"({"$nor":[{"a":1}]})",
        R"({"a":{"$regex":"abc"}})", R"({"a":{"$regex":"^abc","$options":"i"}})",
        R"({"a":{"$exists":true}})", R"({"a":{"$in":[1,{"$regex":"^x"}]}})",
        R"({"a":{"$regex":"^"}})"}) {
    INFO(filter);
    CHECK(access(filter).empty());
  }
}

TEST_CASE("access: the elements of an array are reached by its path", "[query]") {
  CHECK(access(R"({"a":{"$elemMatch":{"$eq":1}}})") == "a = [1]");
  CHECK(access(R"({"a.b":{"$elemMatch":{"c":1,"d":{"$gt":1}}}})") == "a.b.c = [1]");
  CHECK(access(R"({"a":{"$elemMatch":{"b":{"$elemMatch":{"c":1}}}}})") == "a.b.c = [1]");
  // An array in an array, or one that a position chose, is not opened by the path.
  CHECK(access(R"({"a":{"$elemMatch":{"$elemMatch":{"$eq":1}}}})").empty());
  CHECK(access(R"({"a.0":{"$elemMatch":{"$eq":1}}})").empty());
  CHECK(access(R"({"a":{"$elemMatch":{"0":1}}})").empty());
}

TEST_CASE("access: satisfies follows arrays as the query does", "[query]") {
  const AccessPredicate predicate{AccessPredicate::Kind::AnyOf, "a.b", {Value(1)}, {}};
  const auto holds = [&](std::string_view document) {
    const Value value = *parse_json(document);
    return satisfies(predicate, ValueView(value));
  };
  CHECK(holds(R"({"a":{"b":1.0}})"));
  CHECK(holds(R"({"a":[{"b":[2,1]}]})"));
  CHECK_FALSE(holds(R"({"a":[[{"b":1}]]})"));
  CHECK_FALSE(holds(R"({"a":{"b":2}})"));
}

}  // namespace storm
