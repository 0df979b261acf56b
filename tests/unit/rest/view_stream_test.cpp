// /v1/views over HTTP: the value of now, and the stream of its changes.
#include "server_fixture.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

std::string stream_of(const Id& view) {
  return "GET /v1/views/" + view.to_string() + "?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::int64_t value_in(const std::optional<std::string>& line) {
  REQUIRE(line);
  const auto parsed = parse_json(*line);
  REQUIRE(parsed);
  REQUIRE(parsed->find("revision")->is_int());
  return parsed->find("value")->as_int();
}

// The next line that is not blank.
std::optional<std::string> next_line(HttpClient& stream) {
  for (;;) {
    std::optional<std::string> line = stream.read_line();
    if (!line || !line->empty()) return line;
  }
}

}  // namespace

TEST_CASE("view stream: the value comes at once, then after each change", "[rest]") {
  ServerFixture fixture;
  const Id view = fixture.make(EntityKind::View, R"({"name":"v","measure":"count"})");
  HttpClient stream(fixture.port);
  stream.send(stream_of(view));
  REQUIRE(stream.receive(true).status == 200);
  CHECK(value_in(next_line(stream)) == 0);
  fixture.discover(3);
  CHECK(value_in(next_line(stream)) == 3);
  // What does not change the value is no line; changes close together may be one.
  fixture.make(EntityKind::Group, R"({"name":"g"})");
  fixture.discover(4);
  fixture.discover(5);
  std::int64_t last = 3;
  while (last != 5) {
    const std::int64_t next = value_in(next_line(stream));
    CHECK(next > last);
    last = next;
  }
}

TEST_CASE("view stream: it ends when the view does", "[rest]") {
  ServerFixture fixture;
  const Id view = fixture.make(EntityKind::View, R"({"measure":"count"})");
  HttpClient stream(fixture.port);
  stream.send(stream_of(view));
  REQUIRE(stream.receive(true).status == 200);
  REQUIRE(next_line(stream));
  REQUIRE(fixture.engine->execute(DeleteEntity{EntityKind::View, view.to_string()}));
  CHECK_FALSE(next_line(stream));
}

TEST_CASE("view stream: a stop of the server ends it", "[rest]") {
  ServerFixture fixture;
  const Id view = fixture.make(EntityKind::View, R"({"measure":"count"})");
  HttpClient stream(fixture.port);
  stream.send(stream_of(view));
  REQUIRE(stream.receive(true).status == 200);
  REQUIRE(next_line(stream));
  fixture.server->stop();
  CHECK_FALSE(next_line(stream));
}
