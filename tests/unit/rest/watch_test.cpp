// /v1/watch over real sockets: what is told, in which order, and what a slow or late reader gets.
#include <chrono>
#include <string>
#include <vector>

#include "server_fixture.hpp"
#include "slowness.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

constexpr int kSmallBuffer = 8 * 1024;

std::string text_at(const Value& message, std::string_view pointer) {
  const Value* value = at_pointer(message, pointer);
  return value && value->is_string() ? value->as_string() : std::string();
}

std::uint64_t revision_of(const Value& message) {
  const Value* revision = message.find("revision");
  REQUIRE(revision);
  return static_cast<std::uint64_t>(revision->as_int());
}

// A watch as JSON lines.
class Watch {
 public:
  Watch(std::uint16_t port, const std::string& parameters, const std::string& headers = "",
        int receive_bytes = 0)
      : client_(port, receive_bytes) {
    client_.send("GET /v1/watch?format=ndjson" + parameters + " HTTP/1.1\r\nHost: localhost\r\n" +
                 headers + "\r\n");
    REQUIRE(client_.receive(true).status == 200);
  }
  // The next message that is no bookmark.
  Value next() {
    for (;;) {
      Value message = next_of_any_type();
      if (text_at(message, "/type") != "bookmark") return message;
    }
  }
  Value next_of_any_type() {
    const auto line = client_.read_line();
    REQUIRE(line);
    auto message = parse_json(*line);
    REQUIRE(message);
    return std::move(*message);
  }
  HttpClient& client() { return client_; }

 private:
  HttpClient client_;
};

// "joined a", "left b"
std::string said(const Value& message) {
  std::string text = text_at(message, "/type");
  const std::string name =
      text_at(message, "/resource/names/0") + text_at(message, "/entity/names/0");
  return name.empty() ? text : text + " " + name;
}

void patch(ServerFixture& fixture, EntityKind kind, const std::string& id, std::string_view body) {
  REQUIRE(fixture.engine->execute(ReplaceEntity{kind, id, *parse_json(body), true, nullptr}));
}

void remove(ServerFixture& fixture, EntityKind kind, const std::string& id) {
  REQUIRE(fixture.engine->execute(DeleteEntity{kind, id, nullptr}));
}

// A change of "a" that is told in some 40 KB.
void churn(ServerFixture& fixture, int round) {
  Value snapshot = Value::object();
  for (int i = 0; i < 20; ++i) {
    snapshot.add("part" + std::to_string(i), std::to_string(round) + std::string(1000, 'x'));
  }
  patch(fixture, EntityKind::Resource, "a",
        to_json(Value(Value::Object{{"snapshot", std::move(snapshot)}})));
}

}  // namespace

TEST_CASE("watch: who joins, changes in and leaves a group is told in order", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name": "up", "query": {"status": "running"}})");
  Watch watch(fixture.port, "&group=up");
  CHECK(said(watch.next_of_any_type()) == "bookmark");
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  patch(fixture, EntityKind::Resource, "a", R"({"status": "running"})");
  patch(fixture, EntityKind::Resource, "a", R"({"snapshot": {"load": 1}})");
  patch(fixture, EntityKind::Resource, "a", R"({"status": "stopped"})");
  const Value joined = watch.next();
  CHECK(said(joined) == "joined a");
  CHECK(text_at(joined, "/group/name") == "up");
  CHECK(text_at(joined, "/selector") == "group=up");
  CHECK(text_at(joined, "/resource/status") == "running");
  const Value updated = watch.next();
  CHECK(said(updated) == "updated a");
  CHECK(text_at(updated, "/changed/0/path") == "snapshot");
  CHECK(said(watch.next()) == "left a");
}

TEST_CASE("watch: a change that several selectors see has one revision and one cursor", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name": "vms", "query": {"type": "vm"}})");
  Watch watch(fixture.port, "&group=vms&type=vm&q=%7B%22status%22:%22running%22%7D");
  watch.next_of_any_type();
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"], "status": "running"})");
  std::vector<Value> messages;
  for (int i = 0; i < 3; ++i) messages.push_back(watch.next());
  CHECK(said(messages[0]) == "joined a");
  CHECK(said(messages[1]) == "created a");
  CHECK(said(messages[2]) == "joined a");
  CHECK(text_at(messages[2], "/selector") == "q");
  CHECK(revision_of(messages[0]) == revision_of(messages[2]));
  CHECK(messages[0].find("cursor")->is_null());
  CHECK(messages[1].find("cursor")->is_null());
  CHECK_FALSE(text_at(messages[2], "/cursor").empty());
}

TEST_CASE("watch: an edit of a group tells who moved; one of too many is a reset", "[rest]") {
  ServerFixture fixture;
  fixture.discover(3000);
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  fixture.make(EntityKind::Group, R"({"name": "g", "query": {"type": "none"}})");
  Watch watch(fixture.port, "&group=g");
  watch.next_of_any_type();
  patch(fixture, EntityKind::Group, "g", R"({"query": {"type": "vm"}})");
  CHECK(said(watch.next()) == "updated g");
  CHECK(said(watch.next()) == "joined a");
  patch(fixture, EntityKind::Group, "g", R"({"query": {}, "name": "h"})");
  patch(fixture, EntityKind::Group, "h", R"({"query": {"type": {"$exists": true}}})");
  std::string all;
  for (std::string last; last != "reset";) {
    last = said(watch.next());
    all += last + "; ";
    REQUIRE(all.size() < 1000);
  }
  CHECK(all == "updated h; left a; updated h; reset; ");
  remove(fixture, EntityKind::Group, "h");
  CHECK(said(watch.next()) == "deleted h");
}

TEST_CASE("watch: a group that is deleted and made again under its name is followed on", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"], "status": "running"})");
  const Id first = fixture.make(EntityKind::Group, R"({"name": "g", "query": {"type": "vm"}})");
  Watch by_name(fixture.port, "&group=g&type=vm");
  Watch by_id(fixture.port, "&group=" + first.to_string());
  CHECK(said(by_name.next_of_any_type()) == "bookmark");
  CHECK(said(by_id.next_of_any_type()) == "bookmark");
  for (int round = 0; round < 3; ++round) {
    remove(fixture, EntityKind::Group, "g");
    // Others of other names, and changes meanwhile, are none of its business.
    fixture.make(EntityKind::Group, R"({"name": "h", "query": {"type": "vm"}})");
    remove(fixture, EntityKind::Group, "h");
    const Id again =
        fixture.make(EntityKind::Group, R"({"name": "g", "query": {"status": "running"}})");
    patch(fixture, EntityKind::Resource, "a", R"({"status": "stopped"})");
    patch(fixture, EntityKind::Resource, "a", R"({"status": "running"})");
    CHECK(said(by_name.next()) == "deleted g");
    const Value created = by_name.next();
    CHECK(said(created) == "created g");
    CHECK(text_at(created, "/group/id") == again.to_string());
    CHECK(text_at(created, "/selector") == "group=g");
    CHECK(said(by_name.next()) == "joined a");
    CHECK(said(by_name.next()) == "left a");
    CHECK(said(by_name.next()) == "updated a");
    CHECK(said(by_name.next()) == "joined a");
    CHECK(said(by_name.next()) == "updated a");
  }
  CHECK(said(by_id.next()) == "deleted g");
}

TEST_CASE("watch: initial tells what is there, then that it is complete", "[rest]") {
  ServerFixture fixture;
  fixture.make(EntityKind::Group, R"({"name": "g", "query": {"status": "running"}})");
  fixture.discover(1000);
  Watch watch(fixture.port, "&group=g&initial=true");
  std::size_t count = 0;
  Value message = watch.next();
  for (; text_at(message, "/type") == "initial"; message = watch.next()) {
    CHECK(text_at(message, "/resource/status") == "running");
    ++count;
  }
  CHECK(count == 500);
  CHECK(text_at(message, "/type") == "synced");
  CHECK_FALSE(text_at(message, "/cursor").empty());
  patch(fixture, EntityKind::Resource, "n000000", R"({"status": "stopped"})");
  CHECK(said(watch.next()) == "left n000000");
}

TEST_CASE("watch: a cursor goes on after what was seen, once", "[rest]") {
  ServerFixture fixture;
  std::string cursor;
  {
    Watch watch(fixture.port, "");
    watch.next_of_any_type();
    fixture.make(EntityKind::Group, R"({"name": "a"})");
    cursor = text_at(watch.next(), "/cursor");
  }
  fixture.make(EntityKind::Group, R"({"name": "b"})");
  fixture.make(EntityKind::Group, R"({"name": "c"})");
  Watch later(fixture.port, "&since=" + cursor);
  CHECK(said(later.next()) == "created b");
  CHECK(said(later.next()) == "created c");
  fixture.make(EntityKind::Group, R"({"name": "d"})");
  CHECK(said(later.next()) == "created d");
  Watch by_header(fixture.port, "&initial=true", "Last-Event-ID: " + cursor + "\r\n");
  CHECK(said(by_header.next()) == "created b");
}

TEST_CASE("watch: a forged cursor is refused by name, one of another server begins with a gap",
          "[rest]") {
  ServerFixture fixture, other;
  HttpClient client(fixture.port);
  const HttpAnswer refused = client.get("/v1/watch?since=cafe");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("cafe") != std::string::npos);
  CHECK(client.get("/v1/watch", "Last-Event-ID: cafe\r\n").status == 400);
  Watch elsewhere(other.port, "");
  const std::string cursor = text_at(elsewhere.next_of_any_type(), "/cursor");
  fixture.make(EntityKind::Group, R"({"name": "a"})");
  Watch watch(fixture.port, "&since=" + cursor);
  CHECK(said(watch.next()) == "gap");
  CHECK(said(watch.next()) == "created a");
}

TEST_CASE("watch: who asks for more than the log keeps is told of the gap and goes on", "[rest]") {
  ServerFixture fixture({}, 5);
  Watch first(fixture.port, "");
  const std::string cursor = text_at(first.next_of_any_type(), "/cursor");
  for (int i = 1; i <= 20; ++i) {
    fixture.make(EntityKind::Group, R"({"name": "g)" + std::to_string(i) + "\"}");
  }
  Watch watch(fixture.port, "&since=" + cursor);
  const Value gap = watch.next();
  CHECK(said(gap) == "gap");
  CHECK(gap.find("missed_from")->as_int() == 1);
  CHECK(gap.find("missed_to")->as_int() == 15);
  CHECK(said(watch.next()) == "created g16");
  Watch after_gap(fixture.port, "&since=" + text_at(gap, "/cursor"));
  CHECK(said(after_gap.next()) == "created g16");
}

TEST_CASE("watch: a slow reader loses nothing but what the gap says", "[rest]") {
  ServerFixture fixture({}, 50);
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  Watch watch(fixture.port, "&type=vm", "", kSmallBuffer);
  std::uint64_t next = revision_of(watch.next_of_any_type()) + 1;
  for (int i = 0; i < 400; ++i) churn(fixture, i);
  const std::uint64_t last = fixture.engine->snapshot()->revision;
  bool gap_seen = false;
  while (next <= last) {
    const Value message = watch.next();
    if (text_at(message, "/type") == "gap") {
      gap_seen = true;
      REQUIRE(static_cast<std::uint64_t>(message.find("missed_from")->as_int()) == next);
    } else {
      REQUIRE(revision_of(message) == next);
    }
    next = revision_of(message) + 1;
  }
  CHECK(gap_seen);
}

TEST_CASE("watch: a group that went and came again in a gap is followed on", "[rest]") {
  ServerFixture fixture({}, 50);
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  fixture.make(EntityKind::Group, R"({"name": "g", "query": {"type": "vm"}})");
  Watch watch(fixture.port, "&group=g", "", kSmallBuffer);
  watch.next_of_any_type();
  for (int i = 0; i < 200; ++i) churn(fixture, i);
  remove(fixture, EntityKind::Group, "g");
  const Id again = fixture.make(EntityKind::Group, R"({"name": "g", "query": {"type": "vm"}})");
  for (int i = 0; i < 200; ++i) churn(fixture, i);
  const std::uint64_t last = fixture.engine->snapshot()->revision;
  Value message = watch.next();
  while (revision_of(message) < last) message = watch.next();
  CHECK(said(message) == "updated a");
  CHECK(text_at(message, "/group/id") == again.to_string());
}

TEST_CASE("watch: one who never reads is dropped", "[rest]") {
  Server::Options options;
  options.limits.write_wait = std::chrono::milliseconds(100);
  options.limits.watch_bookmark_every = std::chrono::milliseconds(50);
  ServerFixture fixture(std::move(options), 200);
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  Watch watch(fixture.port, "&type=vm", "", kSmallBuffer);
  HttpClient asks(fixture.port);
  const auto watchers = [&] {
    const std::string text = asks.get("/metrics").body;
    const std::size_t at = text.find("\nstorm_watchers ");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + 16));
  };
  CHECK(watchers() == 1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30 * slowness());
  int i = 0;
  while (watchers() == 1 && std::chrono::steady_clock::now() < deadline) churn(fixture, ++i);
  CHECK(watchers() == 0);
}

TEST_CASE("watch: bookmarks come while nothing happens", "[rest]") {
  Server::Options options;
  options.limits.watch_bookmark_every = std::chrono::milliseconds(30);
  ServerFixture fixture(std::move(options));
  fixture.make(EntityKind::Group, R"({"name": "seen"})");
  Watch watch(fixture.port, "&type=vm");
  watch.next_of_any_type();
  fixture.make(EntityKind::Group, R"({"name": "not seen"})");
  std::string cursor;
  for (int i = 0; i < 3; ++i) {
    const Value bookmark = watch.next_of_any_type();
    CHECK(said(bookmark) == "bookmark");
    cursor = text_at(bookmark, "/cursor");
  }
  // What was passed over is not told to one who goes on from there.
  Watch later(fixture.port, "&since=" + cursor);
  fixture.make(EntityKind::Group, R"({"name": "next"})");
  CHECK(said(later.next()) == "created next");
}

TEST_CASE("watch: server-sent events have an id, and none in the middle of a change", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  client.send(
      "GET /v1/watch?type=vm&q={} HTTP/1.1\r\nHost: localhost\r\nAccept: "
      "text/event-stream\r\n\r\n");
  const HttpAnswer head = client.receive(true);
  CHECK(head.header("Content-Type") == "text/event-stream");
  CHECK(client.read_line() == "retry: 1000");
  CHECK(client.read_line() == "");
  CHECK(client.read_line()->starts_with("id: "));
  CHECK(client.read_line()->starts_with("data: {\"cursor\""));
  CHECK(client.read_line() == "");
  fixture.make(EntityKind::Resource, R"({"type": "vm", "names": ["a"]})");
  CHECK(client.read_line()->starts_with("data: {\"cursor\":null"));
  CHECK(client.read_line() == "");
  CHECK(client.read_line()->starts_with("id: "));
  CHECK(client.read_line()->starts_with("data: {\"cursor\":\""));
}

TEST_CASE("watch: a page of another site opens no WebSocket", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  const std::string upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(client.get("/v1/watch", upgrade + "Origin: http://evil.example\r\n").status == 403);
  HttpClient own(fixture.port);
  own.send("GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n" + upgrade + "\r\n");
  const HttpAnswer accepted = own.receive(true);
  CHECK(accepted.status == 101);
  CHECK(accepted.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("watch: more watchers than the limit are refused", "[rest]") {
  Server::Options options;
  options.limits.watchers_max = 1;
  ServerFixture fixture(std::move(options));
  Watch watch(fixture.port, "");
  watch.next_of_any_type();
  HttpClient client(fixture.port);
  CHECK(client.get("/v1/watch").status == 503);
}
