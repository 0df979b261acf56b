// The API over a real engine and real connections.
#include <algorithm>
#include <set>
#include <thread>

#include "server_fixture.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

std::string text_at(const Value& value, const char* key) {
  const Value* found = value.find(key);
  return found && found->is_string() ? found->as_string() : "";
}

}  // namespace

TEST_CASE("api: an entity is made, read, changed and deleted", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  const HttpAnswer made =
      client.request("POST", "/v1/groups", R"({"name":"web","query":{"type":"x"}})");
  REQUIRE(made.status == 201);
  const std::string id = text_at(json_of(made), "id");
  CHECK(made.header("Location") == "/v1/groups/" + id);
  for (const std::string& reference : {id, std::string("web"), std::string("web/")}) {
    CHECK(client.get("/v1/group/" + reference).body == made.body);
  }
  const HttpAnswer patched = client.request("PATCH", "/v1/groups/web", R"({"name":"front"})");
  REQUIRE(patched.status == 200);
  CHECK(to_json(*json_of(patched).find("query")) == R"({"type":"x"})");
  const HttpAnswer put = client.request("PUT", "/v1/groups/front", R"({"name":"front"})");
  REQUIRE(put.status == 200);
  CHECK(to_json(*json_of(put).find("query")) == "{}");
  CHECK(client.get("/v1/groups/web").status == 404);
  const HttpAnswer removed = client.request("DELETE", "/v1/groups/front");
  CHECK(removed.status == 204);
  CHECK(removed.body.empty());
  CHECK(client.get("/v1/groups").body == "[]");
  CHECK(client.request("DELETE", "/v1/groups/front").status == 404);
  CHECK(client.request("PUT", "/v1/groups/front", "{}").status == 404);
}

TEST_CASE("api: errors come keyed by field, or as problems to who asks", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  fixture.make(EntityKind::Group, R"({"name":"web"})");
  const HttpAnswer taken = client.request("POST", "/v1/groups", R"({"name":"web"})");
  CHECK(taken.status == 400);
  CHECK(taken.body == R"({"name":["This field must be unique."]})");
  CHECK(client.get("/v1/groups/nope").body == R"({"detail":"Not found."})");
  const HttpAnswer problem = client.request("POST", "/v1/groups", R"({"name":"web"})",
                                            "Accept: application/problem+json\r\n");
  CHECK(problem.header("Content-Type") == "application/problem+json");
  CHECK(text_at(json_of(problem).find("errors")->as_array().at(0), "pointer") == "/name");
  const HttpAnswer broken = client.request("POST", "/v1/groups", "{\"name\":");
  CHECK(broken.status == 400);
  CHECK(broken.body.find("JSON parse error") != std::string::npos);
  CHECK(client.request("POST", "/v1/groups", "{\"name\":\"\xff\"}").status == 400);
  CHECK(client.request("POST", "/v1/groups", std::string(1000, '[')).status == 400);
}

TEST_CASE("api: a query filters every collection and is refused where it is wrong", "[rest]") {
  ServerFixture fixture;
  fixture.discover(10);
  fixture.make(EntityKind::Group, R"({"name":"a"})");
  fixture.make(EntityKind::Group, R"({"name":"b"})");
  HttpClient client(fixture.port);
  CHECK(json_of(client.get("/v1/groups?q=%7B%22name%22:%22b%22%7D")).as_array().size() == 1);
  const HttpAnswer running = client.get("/v1/resources?q=%7B%22status%22:%22running%22%7D");
  CHECK(json_of(running).as_array().size() == 5);
  CHECK(running.header("Storm-Total") == "5");
  const HttpAnswer broken = client.get("/v1/resources?q=%7B");
  CHECK(broken.status == 400);
  CHECK(json_of(broken).find("q")->as_array().size() == 1);
  const HttpAnswer unknown = client.get("/v1/resources?q=%7B%22a%22:%7B%22$near%22:1%7D%7D");
  CHECK(unknown.status == 400);
  CHECK(unknown.body.find("$near") != std::string::npos);
  std::string deep = "%7B%22a%22:";
  for (int i = 0; i < 1000; ++i) deep += "[";
  CHECK(client.get("/v1/resources?q=" + deep).status == 400);
}

TEST_CASE("api: pages show one revision, whatever happens meanwhile", "[rest]") {
  ServerFixture fixture;
  fixture.discover(25);
  HttpClient client(fixture.port);
  std::set<std::string> seen;
  std::size_t pages = 0;
  std::string target = "/v1/resources?limit=10&exclude=snapshot";
  while (!target.empty()) {
    const HttpAnswer page = client.get(target);
    REQUIRE(page.status == 200);
    CHECK(page.header("Storm-Total") == "25");
    const Value items = json_of(page);
    for (const Value& item : items.as_array()) {
      CHECK(item.find("snapshot") == nullptr);
      CHECK(seen.insert(text_at(item, "id")).second);
    }
    const std::string link = page.header("Link");
    target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    if (++pages == 1) client.request("DELETE", "/v1/agents/cloud");
    REQUIRE(pages < 10);
  }
  CHECK(pages == 3);
  CHECK(seen.size() == 25);
  CHECK(client.get("/v1/resources").body == "[]");
  CHECK(client.get("/v1/resources?limit=10&cursor=forged.10").status == 410);
}

TEST_CASE("api: fields are chosen and left out", "[rest]") {
  ServerFixture fixture;
  fixture.discover(1, R"({"Spec":{"Name":"x","Big":1.50},"Other":2})");
  HttpClient client(fixture.port);
  CHECK(client.get("/v1/resources?fields=names,snapshot.Spec.Name").body ==
        R"([{"names":["n000000"],"snapshot":{"Spec":{"Name":"x"}}}])");
  CHECK(client.get("/v1/resources/n000000")
            .body.find(R"({"Spec":{"Name":"x","Big":1.50},"Other":2})") != std::string::npos);
  CHECK(client.get("/v1/resources?exclude=snapshot").body.find("Spec") == std::string::npos);
  CHECK(json_of(client.get("/v1/resources/n000000?exclude=snapshot.Spec"))
            .find("snapshot")
            ->find("Other") != nullptr);
  CHECK(client.get("/v1/resources?fields=a..b").status == 400);
}

TEST_CASE("api: large listings come in pieces and whole", "[rest]") {
  ServerFixture fixture;
  fixture.discover(5000);
  HttpClient client(fixture.port);
  const HttpAnswer all = client.get("/v1/resources");
  CHECK(all.header("Transfer-Encoding") == "chunked");
  CHECK(all.header("Storm-Total") == "5000");
  const Value listed = json_of(all);
  REQUIRE(listed.as_array().size() == 5000);
  CHECK(std::ranges::is_sorted(listed.as_array(), {}, [](const Value& item) {
    return item.find("names")->as_array().at(0).as_string();
  }));
  CHECK(client.get("/v1/").status == 200);
}

TEST_CASE("api: what has not changed is not sent again", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name":"web"})");
  HttpClient client(fixture.port);
  for (const std::string target : {"/v1/groups/web", "/v1/groups", "/v1/groups/web?fields=id"}) {
    INFO(target);
    const std::string etag = client.get(target).header("ETag");
    REQUIRE_FALSE(etag.empty());
    CHECK(client.get(target, "If-None-Match: " + etag + "\r\n").status == 304);
    client.request(
        "PATCH", "/v1/groups/web",
        R"({"services":[{"name":")" + etag.substr(1, 8) + R"(","protocol":"tcp","port":80}]})");
    const int changed = client.get(target, "If-None-Match: " + etag + "\r\n").status;
    CHECK(changed == 200);
  }
}

TEST_CASE("api: a change from an old state is refused", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name":"web"})");
  HttpClient client(fixture.port);
  const std::string etag = client.get("/v1/groups/web").header("ETag");
  const std::string condition = "If-Match: " + etag + "\r\n";
  const std::string query = R"({"query":{"type":"x"}})";
  CHECK(client.request("PATCH", "/v1/groups/web", query, condition).status == 200);
  const HttpAnswer refused = client.request("PATCH", "/v1/groups/web", query, condition);
  CHECK(refused.status == 412);
  CHECK(text_at(json_of(refused), "name") == "web");
  CHECK(client.request("DELETE", "/v1/groups/web", "", condition).status == 412);
  CHECK(
      client.request("DELETE", "/v1/groups/web", "", "If-Match: " + refused.header("ETag") + "\r\n")
          .status == 204);
}

TEST_CASE("api: of many changes from one state exactly one is made", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name":"web"})");
  const std::string etag = HttpClient(fixture.port).get("/v1/groups/web").header("ETag");
  std::atomic<int> made = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      HttpClient client(fixture.port);
      const int status = client
                             .request("PATCH", "/v1/groups/web",
                                      R"({"query":{"type":")" + std::to_string(i) + R"("}})",
                                      "If-Match: " + etag + "\r\n")
                             .status;
      ++(status == 200 ? made : refused);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
  CHECK(refused == 15);
}

TEST_CASE("api: a dry run answers the same and changes nothing", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  const HttpAnswer tried = client.request("POST", "/v1/groups?dry_run=all", R"({"name":"web"})");
  CHECK(tried.status == 201);
  CHECK(text_at(json_of(tried), "name") == "web");
  CHECK(client.get("/v1/groups").body == "[]");
  CHECK(client.request("POST", "/v1/groups?dry_run=all", R"({"name":""})").status == 400);
  CHECK(client.request("POST", "/v1/groups?dry_run=some", R"({"name":"web"})").status == 400);
  CHECK(client.get("/v1/groups").body == "[]");
}

TEST_CASE("api: members follow query, include and exclude", "[rest]") {
  ServerFixture fixture;
  fixture.discover(6);
  fixture.make(EntityKind::Group, R"({"name":"g","query":{"status":"running"}})");
  HttpClient client(fixture.port);
  CHECK(json_of(client.get("/v1/groups/g/members")).as_array().size() == 3);
  CHECK(client
            .request("POST", "/v1/groups/g/members",
                     R"({"include":["n000001"],"exclude":["n000000"]})")
            .status == 204);
  const HttpAnswer members = client.get("/v1/groups/g/members?fields=names&limit=2");
  CHECK(members.body == R"([{"names":["n000001"]},{"names":["n000002"]}])");
  CHECK(members.header("Storm-Total") == "3");
  CHECK(client.request("POST", "/v1/groups/g/members", R"({"include":["fake"]})").status == 400);
  CHECK(client.get("/v1/groups/nope/members").status == 404);
}

TEST_CASE("api: members of a small group come in the order of resources too", "[rest]") {
  ServerFixture fixture;
  fixture.discover(40);
  fixture.make(EntityKind::Group, R"({"name":"g","include":["n000030","n000002","n000011"]})");
  HttpClient client(fixture.port);
  CHECK(client.get("/v1/groups/g/members?fields=names").body ==
        R"([{"names":["n000002"]},{"names":["n000011"]},{"names":["n000030"]}])");
}

TEST_CASE("api: 64 clients race for a job and one wins", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Agent, R"({"type":"runner","name":"runner"})");
  const Id job = fixture.make(EntityKind::Job, R"({"type":"noop","content":"x"})");
  const std::string target = "/v1/jobs/" + job.to_string();
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      HttpClient client(fixture.port);
      const int status = client.request("POST", target + "/handle", R"({"owner":"runner"})").status;
      if (status == 204) ++won;
      if (status == 409) ++lost;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(won == 1);
  CHECK(lost == 63);
  HttpClient client(fixture.port);
  CHECK(text_at(json_of(client.get(target)), "status") == "running");
  CHECK(client.request("POST", target + "/complete", R"({"result":{"ok":true}})").status == 204);
  CHECK(client.request("POST", "/v1/triggers/" + job.to_string() + "/fail").status == 409);
}

TEST_CASE("api: procedures make jobs and subscriptions, agents say that they live", "[rest]") {
  ServerFixture fixture;
  fixture.discover(1);
  fixture.make(EntityKind::Procedure, R"({"type":"noop","name":"p","content":"x"})");
  fixture.make(EntityKind::Group, R"({"name":"g"})");
  fixture.make(EntityKind::Agent, R"({"type":"runner","name":"runner"})");
  HttpClient client(fixture.port);
  const HttpAnswer job = client.request("POST", "/v1/procedures/p/exec", R"({"target":"n000000"})");
  CHECK(job.status == 201);
  CHECK(job.header("Location").starts_with("/v1/jobs/job-"));
  const HttpAnswer subscription =
      client.request("POST", "/v1/procedures/p/attach", R"({"group":"g","target":"n000000"})");
  CHECK(subscription.status == 201);
  CHECK(subscription.header("Location").starts_with("/v1/subscriptions/sub-"));
  CHECK(client.request("POST", "/v1/agents/runner/heartbeat").status == 204);
  CHECK(client.request("POST", "/v1/agents/nope/heartbeat").status == 404);
}

TEST_CASE("api: events are listed from the newest or from a number", "[rest]") {
  ServerFixture fixture;
  for (int i = 0; i < 10; ++i) {
    fixture.make(EntityKind::Group, R"({"name":"g)" + std::to_string(i) + R"("})");
  }
  HttpClient client(fixture.port);
  const Value newest = json_of(client.get("/v1/events?count=3"));
  REQUIRE(newest.as_array().size() == 3);
  CHECK(text_at(newest.as_array()[2].find("entity_names")->as_array().empty()
                    ? Value::object()
                    : Value(Value::Object{
                          {"n", newest.as_array()[2].find("entity_names")->as_array()[0]}}),
                "n") == "g9");
  const auto start = newest.as_array()[1].find("id")->as_int();
  CHECK(json_of(client.get("/v1/events?start=" + std::to_string(start))).as_array().size() == 2);
  CHECK(json_of(client.get("/v1/events?start=0&count=4")).as_array().size() == 4);
  CHECK(json_of(client.get("/v1/events?q=%7B%22entity_names%22:%22g5%22%7D")).as_array().size() ==
        1);
  // Of more matches than asked for the newest, in their order.
  const std::string any_group = "/v1/events?q=%7B%22entity_type%22:%22group%22%7D";
  const Value matching = json_of(client.get(any_group + "&count=3"));
  CHECK(to_json(matching) == to_json(newest));
  CHECK(json_of(client.get(any_group + "&count=0")).as_array().empty());
  CHECK(json_of(client.get(any_group + "&start=" + std::to_string(start))).as_array().size() == 2);
  CHECK(client.get("/v1/events/" + std::to_string(start)).status == 200);
  CHECK(client.get("/v1/events/999999999").status == 404);
  CHECK(client.get("/v1/events?stream=maybe").status == 400);
}

TEST_CASE("api: a stream opens with a blank line and tells what happens from now on", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name":"before"})");
  HttpClient stream(fixture.port);
  stream.send("GET /v1/events?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(stream.receive(true).status == 200);
  CHECK(stream.read_line() == "");
  const Id id = fixture.make(EntityKind::Group, R"({"name":"after"})");
  const auto line = stream.read_line();
  REQUIRE(line);
  CHECK(text_at(*parse_json(*line), "entity_id") == id.to_string());
  CHECK(text_at(*parse_json(*line), "event_type") == "created");
}

TEST_CASE("api: a stream resumed at a number misses nothing", "[rest]") {
  ServerFixture fixture;
  HttpClient first(fixture.port);
  for (int i = 0; i < 5; ++i) fixture.make(EntityKind::Group, "{}");
  first.send("GET /v1/events?stream=true&start=3 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(first.receive(true).status == 200);
  CHECK(first.read_line() == "");
  for (std::int64_t expected = 3; expected <= 5; ++expected) {
    const auto line = first.read_line();
    REQUIRE(line);
    CHECK(parse_json(*line)->find("id")->as_int() == expected);
  }
}

TEST_CASE("api: a stream has a blank line now and then", "[rest]") {
  Server::Options options;
  options.limits.stream_blank_every = std::chrono::milliseconds(20);
  ServerFixture fixture(options);
  HttpClient stream(fixture.port);
  stream.send("GET /v1/events?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(stream.receive(true).status == 200);
  for (int i = 0; i < 4; ++i) CHECK(stream.read_line() == "");
}

TEST_CASE("api: a reader slower than the log is told of the gap", "[rest]") {
  ServerFixture fixture({}, 50);
  for (int i = 0; i < 200; ++i) fixture.make(EntityKind::Group, "{}");
  HttpClient stream(fixture.port);
  stream.send("GET /v1/events?stream=true&start=10 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(stream.receive(true).status == 200);
  CHECK(stream.read_line() == "");
  const auto gap = stream.read_line();
  REQUIRE(gap);
  CHECK(text_at(*parse_json(*gap), "event_type") == "gap");
  CHECK(parse_json(*gap)->find("missed_from")->as_int() == 10);
  const std::int64_t missed_to = parse_json(*gap)->find("missed_to")->as_int();
  CHECK(parse_json(*stream.read_line())->find("id")->as_int() == missed_to + 1);
}

TEST_CASE("api: every reader of a busy stream gets every event", "[rest]") {
  ServerFixture fixture;
  constexpr int kReaders = 8;
  constexpr int kEvents = 200;
  std::vector<std::unique_ptr<HttpClient>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<HttpClient>(fixture.port));
    readers.back()->send("GET /v1/events?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(readers.back()->receive(true).status == 200);
    REQUIRE(readers.back()->read_line() == "");
  }
  for (int i = 0; i < kEvents; ++i) fixture.make(EntityKind::Group, "{}");
  for (const auto& reader : readers) {
    for (int i = 1; i <= kEvents; ++i) {
      const auto line = reader->read_line();
      REQUIRE(line);
      if (line->empty()) {
        --i;
        continue;
      }
      REQUIRE(parse_json(*line)->find("id")->as_int() == i);
    }
  }
}

TEST_CASE("api: browsers get pages, with a query in the box", "[rest]") {
  ServerFixture fixture;
  fixture.discover(150);
  HttpClient client(fixture.port);
  const std::string browser = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
  const HttpAnswer root = client.get("/", browser);
  CHECK(root.status == 302);
  CHECK(root.header("Location") == "/v1/");
  const HttpAnswer page = client.get("/v1/resources", browser);
  CHECK(page.header("Content-Type").starts_with("text/html"));
  CHECK(page.header("Content-Security-Policy").find("default-src 'none'") != std::string::npos);
  CHECK(page.body.find("100 of 150") != std::string::npos);
  CHECK(page.body.find("rel=\"next\"") != std::string::npos);
  CHECK(client.get("/v1/resources/nope", browser).body.find("404") != std::string::npos);
  CHECK(client.get("/v1/resources?format=json", browser).header("Content-Type") ==
        "application/json");
}

TEST_CASE("api: watchers learn health, readiness, counts and metrics", "[rest]") {
  Server::Options options;
  options.more_metrics = [] {
    return std::vector<Metric>{{"storm_test_total", {{"name", "a\"b"}}, 3},
                               {"storm_my-plugin_queue.depth", {}, 4},
                               {"storm_my-plugin_calls", {}, 5, true}};
  };
  ServerFixture fixture(options);
  fixture.discover(4);
  HttpClient client(fixture.port);
  const HttpAnswer health = client.get("/healthz");
  CHECK(health.status == 200);
  CHECK(text_at(json_of(health), "status") == "ok");
  CHECK(text_at(json_of(health), "store") == "memory");
  const HttpAnswer waiting = client.get("/readyz");
  CHECK(waiting.status == 503);
  CHECK(text_at(json_of(waiting).find("not_synced")->as_array().at(0), "name") == "cloud");
  const Id agent{EntityKind::Agent, *fixture.engine->snapshot()->find(EntityKind::Agent, "cloud")};
  REQUIRE(fixture.engine->execute(ReportSource{agent, {SourceState::Live, "all there", Value()}}));
  CHECK(client.get("/readyz").status == 200);
  const Value status = json_of(client.get("/v1/status"));
  CHECK(
      to_json(*at_pointer(status, "/resources")) ==
      R"({"total":4,"in_groups":0,"not_in_groups":4,"by_status":{"running":2,"stopped":2},"stale":0})");
  CHECK(at_pointer(status, "/agents/online")->as_int() == 1);
  const HttpAnswer metrics = client.get("/metrics");
  CHECK(metrics.body.find("storm_resources{type=\"simulated-task\"} 4\n") != std::string::npos);
  CHECK(metrics.body.find("# TYPE storm_test_total counter\n") != std::string::npos);
  CHECK(metrics.body.find("storm_test_total{name=\"a\\\"b\"} 3\n") != std::string::npos);
  CHECK(metrics.body.find("# TYPE storm_my_plugin_queue_depth gauge\n") != std::string::npos);
  CHECK(metrics.body.find("storm_my_plugin_queue_depth 4\n") != std::string::npos);
  CHECK(metrics.body.find("# TYPE storm_my_plugin_calls counter\n") != std::string::npos);
  CHECK(metrics.body.find("storm_http_answers_total{status=\"503\"} 1\n") != std::string::npos);
}
