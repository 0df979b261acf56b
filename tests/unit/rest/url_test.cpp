#include "core/rest/url.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("url: segments are decoded and a trailing slash means nothing", "[rest]") {
  for (const char* target : {"/v1/groups/a%2Fb%20c", "/v1/groups/a%2Fb%20c/"}) {
    const auto url = parse_url(target);
    REQUIRE(url);
    CHECK(url->path == std::vector<std::string>{"v1", "groups", "a/b c"});
  }
  CHECK(parse_url("/")->path.empty());
  CHECK(parse_url("http://localhost:1/v1/x")->path == std::vector<std::string>{"v1", "x"});
}

TEST_CASE("url: a plus is a space in parameters and itself in the path", "[rest]") {
  const auto url = parse_url("/a+b?q=c+d%2B&empty=&flag");
  REQUIRE(url);
  CHECK(url->path[0] == "a+b");
  CHECK(*url->find("q") == "c d+");
  CHECK(url->find("empty")->empty());
  CHECK(url->find("flag")->empty());
  CHECK(url->find("other") == nullptr);
}

TEST_CASE("url: broken encodings are refused", "[rest]") {
  for (const char* target :
       {"/%", "/%4", "/%zz", "/%ff", "/%c0%80", "/%ed%a0%80", "/%00", "/a?q=%f8", "v1", ""}) {
    INFO(target);
    CHECK_FALSE(parse_url(target));
  }
}

TEST_CASE("url: it can be written again with another parameter", "[rest]") {
  const auto url = parse_url("/v1/groups/a%2Fb/members?q=%7B%7D&cursor=old");
  REQUIRE(url);
  CHECK(url->with("cursor", "new") == "/v1/groups/a%2Fb/members?q=%7B%7D&cursor=new");
  CHECK(url->with("cursor", "") == "/v1/groups/a%2Fb/members?q=%7B%7D");
}
