#include "core/rest/html_page.hpp"

#include "catch.hpp"
#include "core/document/json_scan.hpp"

using namespace storm::rest;

namespace {

std::string page_of(const char* target, Answer answer) {
  Request request;
  request.format = Format::Html;
  request.url = *parse_url(target);
  const Answer page = to_html(request, std::move(answer));
  CHECK(page.content_type == "text/html; charset=utf-8");
  return std::get<std::string>(page.body);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kId = "group-58JYE3yBOmGXZhgY0Ufj12";

}  // namespace

TEST_CASE("pages: ids and paths are links", "[rest]") {
  const std::string page = page_of(
      "/v1/", json_answer(200, std::string("{\"id\":\"") + kId + "\",\"at\":\"/v1/groups\"}"));
  CHECK(contains(page, std::string("<a href=\"/v1/groups/") + kId + "\">"));
  CHECK(contains(page, "<a href=\"/v1/groups\">&quot;/v1/groups&quot;</a>"));
}

TEST_CASE("pages: whatever a name holds, it stays text", "[rest]") {
  const std::string evil = "<script>alert('1')</script>";
  const std::string body = R"([{"name":")" + evil + R"(","list":["<b>"]}])";
  const std::string page = page_of("/v1/groups?q=%22%3E%3Cscript%3E", json_answer(200, body));
  CHECK_FALSE(contains(page, "<script"));
  CHECK_FALSE(contains(page, "<b>&lt;"));
  CHECK(contains(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
  CHECK(contains(page, "value=\"&quot;&gt;&lt;script&gt;\""));
  CHECK(contains(page, "&lt;b&gt;"));
}

TEST_CASE("pages: a collection is a table with a filter, its total and the next page", "[rest]") {
  Answer answer = json_answer(200, R"([{"query":{},"id":1,"name":"a"},{"id":2,"name":null}])");
  answer.with("Storm-Total", "7").with("Link", "</v1/groups?cursor=x>; rel=\"next\"");
  const std::string page = page_of("/v1/groups", std::move(answer));
  CHECK(contains(page, "<input name=\"q\""));
  CHECK(contains(page, "2 of 7"));
  CHECK(contains(page, "<a href=\"/v1/groups?cursor=x\" rel=\"next\">"));
  CHECK(contains(page, "<th scope=\"col\">id</th><th scope=\"col\">name</th>"));
}

TEST_CASE("pages: errors name their status", "[rest]") {
  const std::string page = page_of("/v1/x", json_answer(404, R"({"detail":"Not found."})"));
  CHECK(contains(page, "404 Not Found"));
}

TEST_CASE("pages: long cells are cut between characters", "[rest]") {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "\xE2\x82\xAC";
  const std::string page = page_of("/v1/groups", json_answer(200, "[{\"name\":\"" + name + "\"}]"));
  CHECK(storm::is_utf8(page));
  CHECK_FALSE(contains(page, name));
}

TEST_CASE("pages: what is no JSON stays as it is", "[rest]") {
  Request request;
  request.url = *parse_url("/metrics");
  Answer answer = json_answer(200, "a 1\n");
  answer.content_type = "text/plain";
  CHECK(std::get<std::string>(to_html(request, answer).body) == "a 1\n");
}
