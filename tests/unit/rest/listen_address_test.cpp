#include "core/rest/listen_address.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("listen address: host and port may each be left out", "[rest]") {
  CHECK(ListenAddress::parse("127.0.0.1:80", 1)->to_string() == "127.0.0.1:80");
  CHECK(ListenAddress::parse("localhost", 28482)->to_string() == "localhost:28482");
  CHECK(ListenAddress::parse(":0", 1)->to_string() == "127.0.0.1:0");
  CHECK(ListenAddress::parse("[::1]:81", 1)->to_string() == "[::1]:81");
  CHECK(ListenAddress::parse("::1", 82)->to_string() == "[::1]:82");
}

TEST_CASE("listen address: what is none is refused with an example", "[rest]") {
  for (const char* text :
       {"a:b:c", "host:", "host:65536", "host:-1", "host:8x", "[::1", "[::1]80", "[host]:80"}) {
    INFO(text);
    const auto address = ListenAddress::parse(text, 1);
    REQUIRE_FALSE(address);
    CHECK(address.error().message.find("HOST:PORT") != std::string::npos);
    CHECK(address.error().message.find(text) != std::string::npos);
  }
}

TEST_CASE("listen address: the host of a header is found", "[rest]") {
  CHECK(host_of("LocalHost:28482") == "localhost");
  CHECK(host_of("[::1]:28482") == "::1");
  CHECK(host_of("https://evil.example:1/x") == "evil.example");
  CHECK(host_of("storm.") == "storm");
  CHECK(host_of("[") == "");
  CHECK(is_ip_literal("10.0.0.1"));
  CHECK(is_ip_literal("fe80::1"));
  CHECK_FALSE(is_ip_literal("10.0.0.evil"));
}
