#include "core/rest/router.hpp"

#include <algorithm>

#include "catch.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

void list(const CallPtr&, const Reply&) {}
void item(const CallPtr&, const Reply&) {}
void members(const CallPtr&, const Reply&) {}

constexpr std::string_view kListParameters[] = {"limit", "cursor", "q"};

Router small_router() {
  return Router({{Method::Get, "/v1/groups/{id}/members", members},
                 {Method::Get, "/v1/{collection}", list, kListParameters},
                 {Method::Post, "/v1/{collection}", list},
                 {Method::Get, "/v1/{collection}/{id}", item}});
}

Router::Match match(const Router& router, Method method, const char* target) {
  return router.match(method, parse_url(target)->path);
}

}  // namespace

TEST_CASE("router: every noun is known in singular and plural and by its old word", "[rest]") {
  const Router router = small_router();
  for (const char* target : {"/v1/app", "/v1/apps/", "/v1/application", "/v1/applications"}) {
    CHECK(match(router, Method::Get, target).kind == EntityKind::Application);
  }
  CHECK(match(router, Method::Get, "/v1/triggers").kind == EntityKind::Job);
  CHECK(match(router, Method::Get, "/v1/group/web/members").route->handler == members);
  CHECK(match(router, Method::Get, "/v1/groups/web/members").id == "web");
  CHECK(match(router, Method::Get, "/v1/groups/web%2F1").id == "web/1");
}

TEST_CASE("router: HEAD goes where GET goes", "[rest]") {
  const Router router = small_router();
  const auto found = match(router, Method::Head, "/v1/agents");
  REQUIRE(found.route != nullptr);
  CHECK(found.route->handler == list);
}

TEST_CASE("router: a wrong method is told from a wrong path", "[rest]") {
  const Router router = small_router();
  const auto wrong_method = match(router, Method::Delete, "/v1/groups");
  CHECK(wrong_method.route == nullptr);
  CHECK(allow_header(wrong_method.allowed) == "GET, HEAD, POST, OPTIONS");
  for (const char* target : {"/v1/gruops", "/v2/groups", "/v1/agents/x/members", "/v1/groups//x"}) {
    CHECK(match(router, Method::Get, target).allowed.empty());
  }
}

TEST_CASE("router: an unknown parameter is refused with the nearest known one", "[rest]") {
  const Router router = small_router();
  const auto found = match(router, Method::Get, "/v1/groups");
  CHECK(check_parameters(*found.route, *parse_url("/v1/groups?limit=1&format=json")));
  const auto refused = check_parameters(*found.route, *parse_url("/v1/groups?limti=1"));
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().problems.size() == 1);
  CHECK(refused.error().problems[0].pointer == "?limti");
  CHECK(refused.error().problems[0].message.find("\"limit\"") != std::string::npos);
}

TEST_CASE("router: a parameter may be given again only where the route says so", "[rest]") {
  static constexpr std::string_view kNames[] = {"group", "since"};
  static constexpr std::string_view kAgain[] = {"group"};
  const Route route{Method::Get, "/v1/watch", list, kNames, kAgain};
  CHECK(check_parameters(route, *parse_url("/v1/watch?group=a&group=b&since=c")));
  const auto refused = check_parameters(route, *parse_url("/v1/watch?since=a&since=a"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().problems.at(0).pointer == "?since");
}
