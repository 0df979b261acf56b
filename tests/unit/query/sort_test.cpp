// The order of documents: types, arrays, missing fields, and what is refused.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/sort.hpp"

namespace storm {
namespace {

Sort sort_by(std::string_view specification) {
  const auto sort = Sort::parse(*parse_json(specification));
  REQUIRE(sort);
  return *sort;
}

// The documents of a list, each {"n": its letter, ...}, as letters in their order.
std::string ordered(const Sort& sort, std::string_view documents) {
  Value list = *parse_json(documents);
  Value::Array& items = list.as_array();
  std::vector<Sort::Key> keys;
  for (const Value& item : items) keys.push_back(sort.key(ValueView(item)));
  std::vector<std::size_t> by_key(items.size());
  for (std::size_t i = 0; i < by_key.size(); ++i) by_key[i] = i;
  std::stable_sort(by_key.begin(), by_key.end(), [&](std::size_t a, std::size_t b) {
    return sort.compare(keys[a], keys[b]) < 0;
  });
  std::string letters;
  for (const std::size_t i : by_key) letters += items[i].find("n")->as_string();
  std::stable_sort(items.begin(), items.end(), [&](const Value& a, const Value& b) {
    return sort.compare(ValueView(a), ValueView(b)) < 0;
  });
  std::string direct;
  for (const Value& item : items) direct += item.find("n")->as_string();
  CHECK(direct == letters);
  return letters;
}

std::string refusal(const Result<Sort>& sort) {
  if (sort) return "accepted";
  return sort.error().problems.at(0).pointer + " | " + sort.error().problems.at(0).message;
}

}  // namespace

TEST_CASE("sort: types have an order, an empty array is first, missing is null", "[query]") {
  constexpr std::string_view kDocuments = R"([{"n":"b","k":true},{"n":"o","k":{"a":1}},
      {"n":"s","k":"x"},{"n":"i","k":2},{"n":"f","k":1.5},{"n":"z","k":null},{"n":"m"},
      {"n":"e","k":[]}])";
  CHECK(ordered(sort_by(R"({"k":1})"), kDocuments) == "ezmfisob");
  CHECK(ordered(sort_by(R"({"k":-1})"), kDocuments) == "bosifzme");
}

TEST_CASE("sort: of an array the least counts upwards and the greatest downwards", "[query]") {
  constexpr std::string_view kDocuments =
      R"([{"n":"a","k":[5,1]},{"n":"b","k":3},{"n":"c","k":[2,9]},{"n":"d","k":[[0],4]}])";
  CHECK(ordered(sort_by(R"({"k":1})"), kDocuments) == "acbd");
  CHECK(ordered(sort_by(R"({"k":-1})"), kDocuments) == "dcab");
}

TEST_CASE("sort: a path goes into objects of arrays", "[query]") {
  constexpr std::string_view kDocuments =
      R"([{"n":"a","k":[{"v":5},{"v":2}]},{"n":"b","k":{"v":3}},{"n":"c","k":[{"v":4},7]},
          {"n":"d","k":[]},{"n":"e","k":[{"w":1}]}])";
  CHECK(ordered(sort_by(R"({"k.v":1})"), kDocuments) == "cdeab");
  CHECK(ordered(sort_by(R"({"k.v":-1})"), kDocuments) == "acbde");
  CHECK(ordered(sort_by(R"({"k.1":1})"), R"([{"n":"a","k":[1,9]},{"n":"b","k":[2,8]},
                                             {"n":"c","k":{"1":3}}])") == "cba");
}

TEST_CASE("sort: fields count in the order they are written", "[query]") {
  constexpr std::string_view kDocuments =
      R"([{"n":"a","x":1,"y":1},{"n":"b","x":1,"y":2},{"n":"c","x":2,"y":0}])";
  CHECK(ordered(sort_by(R"({"x":-1,"y":-1})"), kDocuments) == "cba");
  const auto words = Sort::parse_words("x,-y");
  REQUIRE(words);
  CHECK(ordered(*words, kDocuments) == "bac");
  CHECK(ordered(Sort(), kDocuments) == "abc");
  CHECK(Sort::parse_words("b.c,-a,b")->fields() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("sort: what is wrong is refused", "[query]") {
  CHECK(refusal(Sort::parse(*parse_json(R"([])"))) == " | an order is an object, not array");
  CHECK(refusal(Sort::parse(*parse_json(R"({"a":2})"))) == "/a | the direction is 1 or -1");
  CHECK(refusal(Sort::parse(*parse_json(R"({"a":"up"})"))) == "/a | the direction is 1 or -1");
  CHECK(refusal(Sort::parse(*parse_json(R"({"$a":1})"))) ==
        R"(/$a | "$a" is not the name of a field)");
  CHECK(refusal(Sort::parse_words("a,,b")) == R"(/ | "" is not the name of a field)");
  CHECK(refusal(Sort::parse_words("-")) == R"(/ | "" is not the name of a field)");
  Value many = Value::object();
  for (std::size_t i = 0; i <= kSortFieldsMax; ++i) many.add("f" + std::to_string(i), 1);
  CHECK(refusal(Sort::parse(many)) == "/f32 | more than 32 fields to sort by");
  CHECK(refusal(Sort::parse(*parse_json(R"({"a":1.0,"b":-1})"))) == "accepted");
}

}  // namespace storm
