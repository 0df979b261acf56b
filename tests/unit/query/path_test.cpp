#include "core/query/path.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

namespace storm {
namespace {

// What the walk visits, as JSON; "-" for missing.
template <PathEnd end>
std::string visited(std::string_view document, std::string_view path) {
  const auto value = parse_json(document);
  REQUIRE(value);
  std::string out;
  const bool ended = walk_path<end>(ValueView(*value), Path(path), [&](const Value* found) {
    if (!out.empty()) out += ' ';
    out += found ? to_json(*found) : "-";
    return false;
  });
  CHECK_FALSE(ended);
  return out;
}

std::string opened(std::string_view document, std::string_view path) {
  return visited<PathEnd::Opened>(document, path);
}

std::string whole(std::string_view document, std::string_view path) {
  return visited<PathEnd::Whole>(document, path);
}

}  // namespace

TEST_CASE("path: a field is found, or missing", "[query]") {
  CHECK(opened(R"({"a":1})", "a") == "1");
  CHECK(opened(R"({"a":{"b":null}})", "a.b") == "null");
  CHECK(opened(R"({"a":1})", "b") == "-");
  CHECK(opened(R"({"a":1})", "a.b.c") == "-");
  CHECK(opened(R"({"":{"":2}})", ".") == "2");
}

TEST_CASE("path: an array at the end is opened, and comes last itself", "[query]") {
  CHECK(opened(R"({"a":[1,[2]]})", "a") == "1 [2] [1,[2]]");
  CHECK(whole(R"({"a":[1,[2]]})", "a") == "[1,[2]]");
}

TEST_CASE("path: an array on the way gives its objects only", "[query]") {
  CHECK(opened(R"({"a":[{"b":1},5,{"c":2},[{"b":3}]]})", "a.b") == "1 -");
  CHECK(opened(R"({"a":[]})", "a.b").empty());
}

TEST_CASE("path: a number is a position in an array and a field of an object", "[query]") {
  CHECK(opened(R"({"a":[7,8]})", "a.1") == "8");
  CHECK(opened(R"({"a":{"1":7}})", "a.1") == "7");
  CHECK(opened(R"({"a":[{"1":7},{"b":8}]})", "a.1") == R"(7 - {"b":8})");
  CHECK(opened(R"({"a":[7]})", "a.5").empty());
  CHECK(opened(R"({"a":[7,8]})", "a.01").empty());
  CHECK(opened(R"({"a":[[{"b":1}]]})", "a.0.b") == "1");
  CHECK(opened(R"({"a":[[1,2],[3,4]]})", "a.1.0") == "3");
}

TEST_CASE("path: an element chosen by its position stays closed", "[query]") {
  CHECK(opened(R"({"a":[[1,2]]})", "a.0") == "[1,2]");
}

TEST_CASE("path: the walk ends when the visitor has seen enough", "[query]") {
  const auto value = parse_json(R"({"a":[1,2,3]})");
  int seen = 0;
  CHECK(walk_path<PathEnd::Opened>(ValueView(*value), Path("a"), [&](const Value* found) {
    ++seen;
    return found && found->is_int() && found->as_int() == 2;
  }));
  CHECK(seen == 2);
}

}  // namespace storm
