// Which access predicates a query offers to an index over queries.
#include <algorithm>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

std::string range(const AccessPredicate& predicate) {
  std::string out = predicate.low_included ? " [" : " (";
  if (predicate.low) out += to_json(*predicate.low);
  out += ",";
  if (predicate.high) out += to_json(*predicate.high);
  return out + (predicate.high_included ? "]" : ")");
}

// One piece for each predicate: "path = values", "path ^ prefixes", "path [low,high]", "path
// exists".
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
    } else if (predicate.kind == AccessPredicate::Kind::Range) {
      out += predicate.path + range(predicate);
    } else if (predicate.kind == AccessPredicate::Kind::Exists) {
      out += predicate.path + " exists";
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
  CHECK(access(R"({"$or":[{"a":1},{"a":{"$gt":5}}]})") == "a [1,]");
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

TEST_CASE("access: a condition that a missing field fulfils too gives none", "[query]") {
  for (const char* filter :
       {"{}", R"({"a":null})", R"({"a":{"$in":[1,null]}})", R"({"a":{"$gte":null}})",
        R"({"a":{"$ne":1}})", R"({"a":{"$not":{"$eq":1}}})", R"({"$nor":[{"a":1}]})",
        R"({"a":{"$exists":false}})", R"({"$or":[{"a":1},{"a":{"$exists":false}}]})"}) {
    INFO(filter);
    CHECK(access(filter).empty());
  }
}

TEST_CASE("access: a condition that only values fulfil says that there is one", "[query]") {
  for (const char* filter :
       {R"({"a":[1]})", R"({"a":{"b":1}})", R"({"a":{"$regex":"abc"}})",
        R"({"a":{"$regex":"^abc","$options":"i"}})", R"({"a":{"$exists":true}})",
        R"({"a":{"$in":[1,{"$regex":"^x"}]}})", R"({"a":{"$regex":"^"}})", R"({"a":{"$size":0}})",
        R"({"a":{"$type":"int"}})", R"({"a":{"$gt":[1]}})", R"({"a":{"$gte":false}})",
        R"({"a":{"$elemMatch":{}}})", R"({"$or":[{"a":1},{"a":{"$gt":"x"}}]})"}) {
    INFO(filter);
    CHECK(access(filter) == "a exists");
  }
  CHECK(access(R"({"a":{"$exists":true,"$eq":1},"b":{"$exists":true}})") == "a = [1]; b exists");
}

TEST_CASE("access: an order gives ranges, one-sided where an array may fulfil them by turns",
          "[query]") {
  CHECK(access(R"({"a":{"$gt":1,"$lte":5}})") == "a (1,]; a [,5]");
  CHECK(access(R"({"a":{"$gte":"m"}})") == R"(a ["m",])");
  CHECK(access(R"({"a":{"$elemMatch":{"$gte":1,"$lt":5}}})") == "a [1,5); a [1,]; a [,5)");
  CHECK(access(R"({"a":{"$elemMatch":{"b":{"$gte":1,"$lt":5}}}})") == "a.b [1,]; a.b [,5)");
  CHECK(access(R"({"a":{"$elemMatch":{"$gte":5,"$lt":5}}})") == "never");
  CHECK(access(R"({"a":{"$elemMatch":{"$gte":5,"$lt":"x"}}})") == R"(a [5,]; a [,"x"))");
  CHECK(access(R"({"b":{"$gt":1},"a":{"$regex":"^x"},"c":7})") == "c = [7]; a ^ x; b (1,]");
}

TEST_CASE("access: ranges of branches are merged to the widest", "[query]") {
  CHECK(access(R"({"$or":[{"a":{"$gt":1}},{"a":{"$gte":1}},{"a":{"$gt":3}}]})") == "a [1,]");
  CHECK(access(R"({"$or":[{"a":{"$lt":1}},{"a":{"$lt":3}}]})") == "a [,3)");
  CHECK(access(R"({"$or":[{"a":{"$lt":1}},{"a":{"$gt":3}}]})") == "a exists");
  CHECK(access(R"({"$or":[{"a":{"$elemMatch":{"$gt":1,"$lt":3}}},
                          {"a":{"$elemMatch":{"$gt":7,"$lte":9}}},{"a":{"$in":[10,0]}}]})") ==
        "a [0,10]");
}

TEST_CASE("access: many wide conditions do not keep a narrow one out", "[query]") {
  Value filter = Value::object();
  for (std::size_t i = 0; i < 3 * kQueryAccessMax; ++i) {
    Value exists = Value::object();
    exists.add("$exists", Value(true));
    filter.add("f" + std::to_string(i), std::move(exists));
  }
  filter.add("last", Value(1));
  const auto query = Query::parse(filter, OperatorSet());
  REQUIRE(query);
  CHECK(query->access().size() == kQueryAccessMax);
  CHECK(query->access().front().path == "last");
}

TEST_CASE("access: the elements of an array are reached by its path", "[query]") {
  CHECK(access(R"({"a":{"$elemMatch":{"$eq":1}}})") == "a = [1]");
  CHECK(access(R"({"a.b":{"$elemMatch":{"c":1,"d":{"$gt":1}}}})") == "a.b.c = [1]; a.b.d (1,]");
  CHECK(access(R"({"a":{"$elemMatch":{"b":{"$elemMatch":{"c":1}}}}})") == "a.b.c = [1]");
  // An array in an array, or one that a position chose, is not opened by the path.
  CHECK(access(R"({"a":{"$elemMatch":{"$elemMatch":{"$eq":1}}}})") == "a exists");
  CHECK(access(R"({"a.0":{"$elemMatch":{"$eq":1}}})") == "a.0 exists");
  CHECK(access(R"({"a":{"$elemMatch":{"0":1}}})") == "a exists");
}

TEST_CASE("access: satisfies follows arrays as the query does", "[query]") {
  AccessPredicate predicate{AccessPredicate::Kind::AnyOf, "a.b", {Value(1)}, {}};
  const auto holds = [&](std::string_view document) {
    const Value value = *parse_json(document);
    return satisfies(predicate, ValueView(value));
  };
  CHECK(holds(R"({"a":{"b":1.0}})"));
  CHECK(holds(R"({"a":[{"b":[2,1]}]})"));
  CHECK_FALSE(holds(R"({"a":[[{"b":1}]]})"));
  CHECK_FALSE(holds(R"({"a":{"b":2}})"));

  predicate.kind = AccessPredicate::Kind::Exists;
  CHECK(holds(R"({"a":[{},{"b":null}]})"));
  CHECK_FALSE(holds(R"({"a":[{}]})"));

  predicate.kind = AccessPredicate::Kind::Range;
  predicate.low = Value(1);
  predicate.low_included = false;
  predicate.high = Value(3);
  CHECK(holds(R"({"a":{"b":1.5}})"));
  CHECK(holds(R"({"a":{"b":["x",3]}})"));
  CHECK_FALSE(holds(R"({"a":{"b":[1,4]}})"));
  CHECK_FALSE(holds(R"({"a":{"b":"2"}})"));
}

}  // namespace storm
