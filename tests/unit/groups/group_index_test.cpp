#include "core/groups/group_index.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;

namespace {

Query query(std::string_view text) { return *Query::parse(*parse_json(text), OperatorSet()); }

GroupNumbers of_class(const GroupIndex& index, std::string_view document) {
  const Value value = *parse_json(document);
  return index.of_class(ValueView(value));
}

GroupNumbers of_values(const GroupIndex& index, std::string_view document) {
  const Value value = *parse_json(document);
  GroupNumbers found;
  index.of_values(ValueView(value), found);
  std::ranges::sort(found);
  return found;
}

}  // namespace

TEST_CASE("group index: a class is asked only by groups whose condition it can fulfil",
          "[groups]") {
  GroupIndex index;
  index.add(1, query(R"({"type":"task","image":"redis:7"})"), true);
  index.add(2, query(R"({"image":{"$in":["redis:7","postgres:9"]}})"), true);
  index.add(3, query(R"({"status":{"$ne":"running"}})"), true);
  CHECK(of_class(index, R"({"image":"redis:7","type":"task"})") == GroupNumbers{1, 2, 3});
  CHECK(of_class(index, R"({"image":["x","postgres:9"]})") == GroupNumbers{2, 3});
  CHECK(of_class(index, R"({"image":5})") == GroupNumbers{3});
}

TEST_CASE("group index: groups spread over what tells them apart", "[groups]") {
  GroupIndex index;
  for (std::uint32_t i = 0; i < 100; ++i) {
    index.add(i, query(R"({"type":"task","image":"a:)" + std::to_string(i) + R"("})"), true);
  }
  CHECK(of_class(index, R"({"type":"task","image":"a:7"})").size() < 3);
}

TEST_CASE("group index: what a class cannot tell is found by value", "[groups]") {
  GroupIndex index;
  index.add(1, query(R"({"type":"task","parent":"p1"})"), false);
  index.add(2, query(R"({"snapshot.n":{"$gte":5,"$lt":7}})"), false);
  index.add(3, query(R"({"image":"redis:7","snapshot.n":{"$gt":5}})"), false);
  index.add(4, query(R"({"snapshot.Labels.a":{"$in":["x","y"]}})"), false);
  CHECK(index.find(1)->route == GroupIndex::Route::Value);
  CHECK(index.find(3)->route == GroupIndex::Route::Within);
  CHECK(of_values(index, R"({"type":"task","parent":["id","p1"]})") == GroupNumbers{1});
  // Both bounds are not asked at once: that is the query's to say.
  CHECK_FALSE(of_values(index, R"({"snapshot":{"n":5}})").empty());
  CHECK(of_values(index, R"({"snapshot":{"n":"5"}})").empty());
  CHECK(of_values(index, R"({"snapshot":{"Labels":[{"a":"y"}]}})") == GroupNumbers{4});
  CHECK(of_class(index, R"({"image":"redis:7"})") == GroupNumbers{3});
}

TEST_CASE("group index: ranges at the edges of numbers miss nothing", "[groups]") {
  GroupIndex index;
  index.add(1, query(R"({"n":{"$gte":9223372036854775807}})"), false);
  index.add(2, query(R"({"n":{"$lte":-9223372036854775808}})"), false);
  index.add(3, query(R"({"n":{"$gt":9007199254740992}})"), false);
  index.add(4, query(R"({"n":{"$gt":1e300}})"), false);
  const auto holds = [&](std::string_view document, std::uint32_t group) {
    const GroupNumbers found = of_values(index, document);
    return std::ranges::find(found, group) != found.end();
  };
  CHECK(holds(R"({"n":9223372036854775807})", 1));
  CHECK(holds(R"({"n":-9223372036854775808})", 2));
  CHECK(holds(R"({"n":9007199254740993})", 3));
  CHECK(holds(R"({"n":1.5e300})", 4));
}

TEST_CASE("group index: a group that is removed is no candidate any more", "[groups]") {
  GroupIndex index;
  for (const char* text :
       {R"({"image":"redis:7"})", R"({"image":"redis:7","snapshot.n":1})", R"({"n":{"$gt":1}})",
        R"({"status":{"$ne":"error"}})", R"({"$and":[{"image":"a"},{"image":{"$in":[]}}]})"}) {
    index.add(1, query(text), std::string_view(text).find("n\":") == std::string_view::npos);
    index.remove(1);
    index.remove(1);
  }
  CHECK(of_class(index, R"({"image":"redis:7","status":"running"})").empty());
  CHECK(of_values(index, R"({"n":7,"snapshot":{"n":1}})").empty());
  CHECK(index.snapshot_members().size() == 0);
  CHECK(index.size() == 0);
}

TEST_CASE("group index: equal numbers of different kinds are one value", "[groups]") {
  GroupIndex index;
  index.add(1, query(R"({"n":1})"), false);
  CHECK(of_values(index, R"({"n":1.0})") == GroupNumbers{1});
}

TEST_CASE("group index: knows which fields are read and which resources are listed", "[groups]") {
  constexpr Uuid kThree{0, 3};
  constexpr std::string_view kRelations[] = {"host", "parent"};
  GroupIndex index;
  index.add(1, query(R"({"host":"h"})"), false);
  CHECK(index.readers(kRelations) == GroupNumbers{1});
  index.remove(1);
  CHECK(index.readers(kRelations).empty());
  GroupNumbers listing;
  index.set_listed(1, {kThree});
  index.listing(kThree, listing);
  CHECK(listing == GroupNumbers{1});
  index.set_listed(1, {});
  listing.clear();
  index.listing(kThree, listing);
  CHECK(listing.empty());
}
