#include "core/rest/server.hpp"

#include <chrono>

#include "server_fixture.hpp"
#include "slowness.hpp"

using namespace storm;
using namespace storm::rest;

TEST_CASE("server: a port in use is named", "[rest]") {
  ServerFixture fixture;
  MemoryStorage storage;
  SystemClock clock;
  auto engine = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(engine);
  Server::Options options;
  options.listen = {{"127.0.0.1", fixture.port}};
  const auto second = Server::create(**engine, options);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(storm::to_text(options.listen[0])) != std::string::npos);
  CHECK(second.error().message.find("in use") != std::string::npos);
}

TEST_CASE("server: addresses that others can reach are refused without a certificate and tokens",
          "[rest]") {
  MemoryStorage storage;
  SystemClock clock;
  auto engine = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(engine);
  Server::Options options;
  options.listen = {{"0.0.0.0", 0}};
  const auto refused = Server::create(**engine, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("TLS and tokens") != std::string::npos);
}

TEST_CASE("server: one connection serves many requests, pipelined ones too", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  CHECK(client.get("/v1/").status == 200);
  CHECK(client.get("/healthz").status == 200);
  client.send(
      "GET /v1/groups HTTP/1.1\r\nHost: x.localhost\r\n\r\n"
      "GET /v1/apps HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n");
  CHECK(client.receive().status == 200);
  CHECK(client.receive().status == 200);
}

TEST_CASE("server: HEAD has the headers of GET and no body", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  const std::string length = client.get("/v1/").header("Content-Length");
  CHECK(client.request("HEAD", "/v1/").header("Content-Length") == length);
  CHECK(client.get("/v1/").status == 200);
}

TEST_CASE("server: a body over the limit is answered, though the client still sends", "[rest]") {
  ServerFixture fixture;
  const std::string body = "{\"name\":\"" + std::string(10 << 20, 'x') + "\"}";
  SECTION("announced") {
    HttpClient client(fixture.port);
    const HttpAnswer answer = client.request("POST", "/v1/groups", body);
    CHECK(answer.status == 413);
    CHECK(json_of(answer).find("detail") != nullptr);
    CHECK(answer.header("Connection") == "close");
    CHECK(client.ended());
  }
  SECTION("chunked") {
    HttpClient client(fixture.port);
    client.send(
        "POST /v1/groups HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    client.send(size);
    client.send(body);
    CHECK(client.receive().status == 413);
  }
  SECTION("with a question first") {
    HttpClient client(fixture.port);
    client.send(
        "POST /v1/groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.receive().status == 413);
  }
  HttpClient other(fixture.port);
  CHECK(other.get("/v1/groups").body == "[]");
}

TEST_CASE("server: a client that asks before it sends is told to go on", "[rest]") {
  ServerFixture fixture;
  HttpClient client(fixture.port);
  client.send(
      "POST /v1/groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n"
      "Expect: 100-continue\r\n\r\n");
  CHECK(client.receive(true).status == 100);
  client.send(R"({"name":"a"})");
  CHECK(client.receive().status == 201);
}

TEST_CASE("server: bad requests get the status that says why", "[rest]") {
  ServerFixture fixture;
  const auto status_of = [&](const std::string& bytes) {
    HttpClient client(fixture.port);
    client.send(bytes);
    return client.receive().status;
  };
  const std::string host = "Host: localhost\r\n";
  CHECK(status_of("nonsense\r\n\r\n") == 400);
  CHECK(status_of("GET /%zz HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET /v1/groups?limti=1 HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET /v1/groups?limit=0 HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET /v1/groups/" + std::string(200'000, 'x') + " HTTP/1.1\r\n" + host +
                  "\r\n") == 414);
  CHECK(status_of("GET /" + std::string(300'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n") == 414);
  CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n") == 431);
  CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(300'000, 'x') + "\r\n\r\n") == 431);
  CHECK(status_of("GET /v1/nothing HTTP/1.1\r\n" + host + "\r\n") == 404);
  CHECK(status_of("DELETE /v1/groups HTTP/1.1\r\n" + host + "\r\n") == 405);
  CHECK(status_of("BREW /v1/groups HTTP/1.1\r\n" + host + "\r\n") == 405);
  CHECK(status_of("GET /v1/groups HTTP/1.1\r\n" + host + "Accept: image/png\r\n\r\n") == 406);
}

TEST_CASE("server: names that are not ours and pages of other sites are kept out", "[rest]") {
  Server::Options options;
  options.host_names = {"Storm.example"};
  ServerFixture fixture(options);
  const auto status_of = [&](const std::string& method, const std::string& headers) {
    HttpClient client(fixture.port);
    client.send(method + " /v1/groups HTTP/1.1\r\n" + headers + "\r\n");
    return client.receive().status;
  };
  CHECK(status_of("GET", "Host: evil.example\r\n") == 403);
  CHECK(status_of("GET", "Host: storm.example:80\r\n") == 200);
  CHECK(status_of("GET", "Host: 127.0.0.1:1\r\n") == 200);
  CHECK(status_of("GET", "Host: [::1]\r\n") == 200);
  const std::string post = "Host: localhost\r\nContent-Length: 2\r\n";
  CHECK(status_of("POST", post + "Origin: http://evil.example\r\n\r\n{}") == 403);
  CHECK(status_of("POST", post + "Origin: null\r\n\r\n{}") == 403);
  CHECK(status_of("POST", post + "Origin: http://localhost:3000\r\n\r\n{}") == 403);
  CHECK(status_of("POST", post + "Origin: http://localhost\r\n\r\n{}") == 201);
}

TEST_CASE("server: too many connections are told so", "[rest]") {
  Server::Options options;
  options.limits.connections_max = 2;
  ServerFixture fixture(options);
  HttpClient one(fixture.port);
  HttpClient two(fixture.port);
  REQUIRE(one.get("/v1/").status == 200);
  REQUIRE(two.get("/v1/").status == 200);
  HttpClient three(fixture.port);
  CHECK(three.receive().status == 503);
  CHECK(three.ended());
  CHECK(one.get("/v1/").status == 200);
}

TEST_CASE("server: a silent client is let go", "[rest]") {
  Server::Options options;
  options.limits.header_wait = std::chrono::milliseconds(50);
  options.limits.body_wait = std::chrono::milliseconds(50);
  ServerFixture fixture(options);
  HttpClient silent(fixture.port);
  HttpClient half(fixture.port);
  half.send("GET /v1/ HT");
  HttpClient starved(fixture.port);
  starved.send("POST /v1/groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  CHECK(silent.ended());
  CHECK(half.ended());
  CHECK(starved.ended());
}

TEST_CASE("server: HTTP/1.0 clients get answers without chunks", "[rest]") {
  ServerFixture fixture;
  fixture.discover(2000);
  HttpClient client(fixture.port);
  client.send("GET /v1/resources HTTP/1.0\r\n\r\n");
  const HttpAnswer answer = client.receive();
  CHECK(answer.status == 200);
  CHECK(answer.header("Transfer-Encoding").empty());
  CHECK(json_of(answer).as_array().size() == 2000);
}

TEST_CASE("server: a stop is quick, whatever clients do", "[rest]") {
  ServerFixture fixture;
  HttpClient idle(fixture.port);
  HttpClient half(fixture.port);
  HttpClient stream(fixture.port);
  REQUIRE(idle.get("/v1/").status == 200);
  half.send("POST /v1/groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  stream.send("GET /v1/events?stream=true HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(stream.receive(true).status == 200);
  REQUIRE(stream.read_line());
  const auto begin = std::chrono::steady_clock::now();
  fixture.server->stop();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1) * slowness());
  CHECK_FALSE(stream.read_line());
  CHECK(idle.ended());
}
