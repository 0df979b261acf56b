#include "core/query/value_order.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "core/document/json.hpp"

namespace storm {
namespace {

Value json(std::string_view text) { return *parse_json(text); }

}  // namespace

TEST_CASE("value order: types come in MongoDB's order, and values in theirs", "[query]") {
  // Each is below the next.
  const std::vector<Value> rising{
      Value(),
      json("-9223372036854775808"),
      json("-1.5"),
      json("0"),
      json("0.5"),
      json("9007199254740992"),
      json("9007199254740993"),
      json("9223372036854775807"),
      json("9223372036854775808.0"),
      json("1e300"),
      json(R"("")"),
      json(R"("a")"),
      json(R"("a\u0000")"),
      json(R"("ab")"),
      json(R"("\uffe5")"),
      json(R"("\ud83d\ude80")"),
      json("{}"),
      json(R"({"b":1})"),
      json(R"({"b":1,"a":1})"),
      json(R"({"a":"x"})"),
      json("[]"),
      json("[null]"),
      json("[1]"),
      json("[1,0]"),
      json("[2]"),
      json("false"),
      json("true"),
  };
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      INFO(to_json(rising[i]) << " and " << to_json(rising[j]));
      const int order = compare_values(rising[i], rising[j]);
      CHECK((order < 0) == (i < j));
      CHECK((order > 0) == (i > j));
      CHECK(same_value(rising[i], rising[j]) == (i == j));
    }
  }
}

TEST_CASE("value order: equal numbers of two types are the same and have one hash", "[query]") {
  const auto same = [](const char* a, const char* b) {
    INFO(a << " and " << b);
    CHECK(same_value(json(a), json(b)));
    CHECK(hash_value(json(a)) == hash_value(json(b)));
  };
  same("1", "1.0");
  same("0", "-0.0");
  same("8589934592", "8589934592.0");
  same("-9223372036854775808", "-9223372036854775808.0");
  same(R"([1,{"a":2}])", R"([1.0,{"a":2.0}])");
  CHECK_FALSE(same_value(json("9007199254740993"), json("9007199254740992.0")));
  CHECK_FALSE(same_value(json("9223372036854775807"), json("9223372036854775808.0")));
}

TEST_CASE("value order: the keys of an object count in their order", "[query]") {
  CHECK_FALSE(same_value(json(R"({"a":1,"b":2})"), json(R"({"b":2,"a":1})")));
}

TEST_CASE("value order: NaN equals itself and is below every number", "[query]") {
  const Value nan(std::nan(""));
  const Value lowest(-std::numeric_limits<double>::infinity());
  CHECK(is_nan(nan));
  CHECK(same_value(nan, nan));
  CHECK(hash_value(nan) == hash_value(Value(-std::nan(""))));
  CHECK(compare_values(nan, lowest) < 0);
  CHECK(compare_values(Value(1), nan) > 0);
  CHECK(compare_values(Value(), nan) < 0);
}

}  // namespace storm
