#include "core/model/ids.hpp"

#include "catch.hpp"

using storm::EntityKind;
using storm::Id;
using storm::Uuid;

TEST_CASE("ids: a UUID is printed as 22 base62 digits and read back", "[model]") {
  struct Pair {
    Uuid uuid;
    const char* digits;
  };
  // Computed apart from this code, by dividing the 128-bit number by 62.
  const auto pair =
      GENERATE(Pair{{0, 0}, "0000000000000000000000"}, Pair{{0, 61}, "000000000000000000000z"},
               Pair{{0, 62}, "0000000000000000000010"}, Pair{{1, 0}, "00000000000LygHa16AHYG"},
               Pair{{~0ull, ~0ull}, "7n42DGM5Tflk9n8mt7Fhc7"});
  CHECK(storm::to_base62(pair.uuid) == pair.digits);
  REQUIRE(storm::uuid_from_base62(pair.digits));
  CHECK(*storm::uuid_from_base62(pair.digits) == pair.uuid);
}

TEST_CASE("ids: digits beyond 128 bits, other characters and other lengths are refused",
          "[model]") {
  CHECK_FALSE(storm::uuid_from_base62("7n42DGM5Tflk9n8mt7Fhc8"));
  CHECK_FALSE(storm::uuid_from_base62("zzzzzzzzzzzzzzzzzzzzzz"));
  CHECK_FALSE(storm::uuid_from_base62("000000000000000000000-"));
  CHECK_FALSE(storm::uuid_from_base62("0"));
}

TEST_CASE("ids: the prefix tells the kind", "[model]") {
  const Id id = Id::random(EntityKind::Group);
  CHECK(id.to_string().starts_with("group-"));
  CHECK(id.to_string().size() == 28);
  CHECK(Id::parse(id.to_string()) == id);
  CHECK(Id::parse("res-" + storm::to_base62(id.uuid))->kind == EntityKind::Resource);
  CHECK_FALSE(Id::parse("grp-" + storm::to_base62(id.uuid)));
  CHECK_FALSE(Id::parse("group-"));
}

TEST_CASE(
    "ids: one made of names is always the same, and differs where the border of the names differs",
    "[model]") {
  CHECK(Uuid::from_names("a", "bc") == Uuid::from_names("a", "bc"));
  CHECK(Uuid::from_names("a", "bc") != Uuid::from_names("ab", "c"));
}
