// Matching must not allocate: a change is tested against every group.
#include <string_view>

#include "allocation_count.hpp"
#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {

TEST_CASE("query: matching does not allocate", "[query]") {
  const OperatorSet operators = test::text_operators();
  const Value document = *parse_json(
      R"({"type":"swarm-task","image":"library/postgres:9.6","names":["db.1","x"],
          "snapshot":{"Spec":{"Labels":[{"k":"tier","v":"back"}]}}})");
  for (const char* filter :
       {R"({"type":"swarm-task","image":{"$regex":"^library/postgres:"}})",
        R"({"type":"swarm-task","image":{"$regex":"post.*:9","$options":"i"}})",
        R"({"names":{"$in":["db.1","db.2"]},"snapshot.Spec.Labels.v":{"$ne":"front"}})",
        R"({"snapshot.Spec.Labels":{"$elemMatch":{"k":"tier","v":{"$regex":"^b"}}}})",
        R"({"$or":[{"names":{"$size":7}},{"names":{"$all":["x",{"$regex":"db"}]}}]})"}) {
    const auto query = Query::parse(*parse_json(filter), operators);
    REQUIRE(query);
    const ValueView view(document);
    REQUIRE(query->matches(view));  // the first match on a thread sets up its space
    const std::size_t before = test::allocation_count();
    bool all = true;
    for (int i = 0; i < 100; ++i) all = query->matches(view) && all;
    const std::size_t after = test::allocation_count();
    INFO(filter);
    CHECK(before > 0);  // the count is alive
    CHECK(all);
    CHECK(after == before);
  }
}

TEST_CASE("query: deciding by a part of a document does not allocate", "[query]") {
  static constexpr std::string_view kKnown[] = {"type", "status"};
  const auto query = Query::parse(
      *parse_json(R"({"$or":[{"type":{"$in":["a","b"]}},{"image":"x","status":{"$ne":"up"}},
                             {"$expr":{"$eq":["$type","$image"]}}]})"),
      OperatorSet());
  REQUIRE(query);
  const Value document = *parse_json(R"({"type":"swarm-task","status":"a long status: running"})");
  const ValueView view(document);
  const std::size_t before = test::allocation_count();
  const Truth truth = query->decide(view, kKnown);
  CHECK(test::allocation_count() == before);
  CHECK(truth == Truth::Depends);
}

}  // namespace storm
