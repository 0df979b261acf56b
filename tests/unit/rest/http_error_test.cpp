#include "core/rest/http_error.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

std::string keyed(std::vector<Problem> problems) {
  return to_json(field_keyed({Errc::InvalidArgument, "first", std::move(problems)}, 400));
}

}  // namespace

TEST_CASE("errors: problems are keyed by field, items of lists by index", "[rest]") {
  CHECK(keyed({{"/name", "This field must be unique."}}) ==
        R"({"name":["This field must be unique."]})");
  CHECK(keyed({{"/names/0", "This field may not be blank."}}) ==
        R"({"names":{"0":["This field may not be blank."]}})");
  CHECK(keyed({{"/a", "one"}, {"/a", "two"}}) == R"({"a":["one","two"]})");
  CHECK(keyed({{"", "Expected a JSON object."}}) ==
        R"({"non_field_errors":["Expected a JSON object."]})");
  CHECK(keyed({{"/a", "whole"}, {"/a/0/b", "part"}}) ==
        R"({"a":{"non_field_errors":["whole"],"0":{"b":["part"]}}})");
  CHECK(keyed({{"/a/0", "part"}, {"/a", "whole"}}) ==
        R"({"a":{"0":["part"],"non_field_errors":["whole"]}})");
  CHECK(keyed({}) == R"({"detail":"first"})");
}

TEST_CASE("errors: of very many problems the first are shown and the rest counted", "[rest]") {
  Error error{Errc::InvalidArgument, "first", {}};
  for (int i = 0; i < 100'000; ++i) error.problems.push_back({"/f" + std::to_string(i), "wrong"});
  const Value body = field_keyed(error, 400);
  CHECK(body.find("f99"));
  CHECK_FALSE(body.find("f100"));
  CHECK(to_json(*body.find("non_field_errors")) == R"(["and 99900 more"])");
  const Value problem = problem_document(error, 400);
  const auto& listed = problem.find("errors")->as_array();
  REQUIRE(listed.size() == 101);
  CHECK(to_json(listed[100]) == R"({"pointer":"","detail":"and 99900 more"})");
  error.problems.resize(100);
  CHECK_FALSE(field_keyed(error, 400).find("non_field_errors"));
}

TEST_CASE("errors: faults of a query are a list with their places", "[rest]") {
  CHECK(keyed({{"?q/$or/1/image/$regx", "Unknown operator."}}) ==
        R"({"q":["/$or/1/image/$regx: Unknown operator."]})");
  CHECK(keyed({{"?q", "no JSON"}}) == R"({"q":["no JSON"]})");
  CHECK(keyed({{"/query/image/$regx", "Unknown operator."}}) ==
        R"({"query":["/image/$regx: Unknown operator."]})");
}

TEST_CASE("errors: RFC 9457 carries code and pointers", "[rest]") {
  const Error error{
      Errc::InvalidArgument, "bad query", {{"?q/$or/1/a~1b", "one"}, {"/names/0", "two"}}};
  const Answer answer = error_answer(Format::Problem, error);
  CHECK(answer.status == 400);
  CHECK(answer.content_type == "application/problem+json");
  CHECK(std::get<std::string>(answer.body) ==
        R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"bad query",)"
        R"("code":"invalid-argument","errors":[)"
        R"({"parameter":"q","pointer":"/$or/1/a~1b","detail":"one"},)"
        R"({"pointer":"/names/0","detail":"two"}]})");
}

TEST_CASE("errors: what is not found is said as in the original", "[rest]") {
  const Answer answer = error_answer(Format::Json, {Errc::NotFound, "no group \"x\""});
  CHECK(answer.status == 404);
  CHECK(std::get<std::string>(answer.body) == R"({"detail":"Not found."})");
}

TEST_CASE("errors: what passes asks the client to come back", "[rest]") {
  const Answer answer = error_answer(Format::Json, {Errc::Unavailable, "full"});
  CHECK(answer.status == 503);
  REQUIRE(answer.headers.size() == 1);
  CHECK(answer.headers[0].first == "Retry-After");
}
