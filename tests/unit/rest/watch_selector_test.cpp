#include "core/rest/watch_selector.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;
using namespace storm::rest;
using Kind = WatchSelector::Kind;

namespace {

std::string refusal_of(std::string_view wish) {
  const auto selector = parse_selector(*parse_json(wish), State(), OperatorSet());
  REQUIRE_FALSE(selector);
  REQUIRE_FALSE(selector.error().problems.empty());
  return selector.error().problems[0].pointer;
}

}  // namespace

TEST_CASE("watch selector: several of a URL, each with its own label", "[rest]") {
  const auto url = parse_url("/v1/watch?type=vm&q={}&type=host&q={%22status%22:%22error%22}");
  REQUIRE(url);
  const auto selectors = parse_selectors(*url, State(), OperatorSet());
  REQUIRE(selectors);
  REQUIRE(selectors->size() == 4);
  CHECK((*selectors)[0]->label == "type=vm");
  CHECK((*selectors)[1]->label == "q");
  CHECK((*selectors)[2]->type == "host");
  CHECK((*selectors)[3]->label == "q2");
  CHECK((*selectors)[3]->query_text == R"({"status":"error"})");
}

TEST_CASE("watch selector: none in the URL is everything", "[rest]") {
  const auto selectors = parse_selectors(*parse_url("/v1/watch?since=x"), State(), OperatorSet());
  REQUIRE(selectors);
  REQUIRE(selectors->size() == 1);
  CHECK((*selectors)[0]->kind == Kind::All);
}

TEST_CASE("watch selector: what is wrong is named by its place", "[rest]") {
  const auto fault = [](const char* target) {
    const auto selectors = parse_selectors(*parse_url(target), State(), OperatorSet());
    REQUIRE_FALSE(selectors);
    return selectors.error().problems.at(0).pointer;
  };
  CHECK(fault("/v1/watch?group=nobody") == "?group");
  CHECK(fault("/v1/watch?type=") == "?type");
  CHECK(fault("/v1/watch?q={") == "?q");
  CHECK(fault("/v1/watch?q={%22a%22:{%22$regx%22:1}}") == "?q/a/$regx");
  CHECK(refusal_of(R"({"group": 1})") == "/subscribe/group");
  CHECK(refusal_of(R"({"grop": "web"})") == "/subscribe/grop");
  CHECK(refusal_of(R"({"type": "vm", "q": {}})") == "/subscribe");
  CHECK(refusal_of(R"({"q": {"a": {"$regx": 1}}})") == "/subscribe/q/a/$regx");
  CHECK(refusal_of("[]") == "/subscribe");
}

TEST_CASE("watch selector: a subscription of everything is an empty object", "[rest]") {
  const auto selector = parse_selector(Value::object(), State(), OperatorSet());
  REQUIRE(selector);
  CHECK(selector->kind == Kind::All);
}
