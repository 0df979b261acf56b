#include "core/groups/group_index.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;

namespace {

Query query(std::string_view text) { return *Query::parse(*parse_json(text), OperatorSet()); }

std::vector<Uuid> candidates(const GroupIndex& index, std::string_view document) {
  const Value value = *parse_json(document);
  return index.candidates(ValueView(value));
}

constexpr Uuid kOne{0, 1}, kTwo{0, 2}, kThree{0, 3};
using Groups = std::vector<Uuid>;

}  // namespace

TEST_CASE("group index: only groups whose condition the document can fulfil are candidates",
          "[groups]") {
  GroupIndex index;
  index.add(kOne, query(R"({"type":"task","image":"redis:7"})"));
  index.add(kTwo, query(R"({"image":{"$in":["redis:7","postgres:9"]}})"));
  index.add(kThree, query(R"({"status":{"$ne":"running"}})"));
  CHECK(candidates(index, R"({"image":"redis:7"})") == Groups{kOne, kTwo, kThree});
  CHECK(candidates(index, R"({"image":["x","postgres:9"]})") == Groups{kTwo, kThree});
  CHECK(candidates(index, R"({"image":5})") == Groups{kThree});
}

TEST_CASE("group index: a group that is removed is no candidate any more", "[groups]") {
  GroupIndex index;
  index.add(kOne, query(R"({"image":"redis:7"})"));
  index.add(kTwo, query(R"({"image":"redis:7"})"));
  index.remove(kOne);
  CHECK(candidates(index, R"({"image":"redis:7"})") == Groups{kTwo});
  index.remove(kTwo);
  index.remove(kTwo);
  CHECK(candidates(index, R"({"image":"redis:7"})").empty());
  CHECK(index.size() == 0);
}

TEST_CASE("group index: equal numbers of different kinds are one value", "[groups]") {
  GroupIndex index;
  index.add(kOne, query(R"({"n":1})"));
  CHECK(candidates(index, R"({"n":1.0})") == Groups{kOne});
}

TEST_CASE("group index: knows which fields are read and which resources are listed", "[groups]") {
  GroupIndex index;
  index.add(kOne, query(R"({"host":"h"})"));
  CHECK(index.reads_any({"parent", "host"}));
  index.remove(kOne);
  CHECK_FALSE(index.reads_any({"parent", "host"}));
  index.set_listed(kOne, {kThree});
  CHECK(index.listing(kThree) == Groups{kOne});
  index.set_listed(kOne, {});
  CHECK(index.listing(kThree).empty());
}
