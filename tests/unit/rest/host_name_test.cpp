#include "core/rest/host_name.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("host name: the host of a header is found", "[rest]") {
  CHECK(host_of("LocalHost:28482") == "localhost");
  CHECK(host_of("[::1]:28482") == "::1");
  CHECK(host_of("https://evil.example:1/x") == "evil.example");
  CHECK(host_of("storm.") == "storm");
  CHECK(host_of("[") == "");
  CHECK(is_ip_literal("10.0.0.1"));
  CHECK(is_ip_literal("fe80::1"));
  CHECK_FALSE(is_ip_literal("10.0.0.evil"));
}

TEST_CASE("host name: a page is of the same site when host and port are the same", "[rest]") {
  CHECK(is_same_site("http://localhost:28482", "localhost:28482"));
  CHECK(is_same_site("http://LocalHost:28482", "localhost:28482"));
  CHECK(is_same_site("http://[::1]:28482", "[::1]:28482"));
  CHECK(is_same_site("http://[::1]", "[::1]:80"));
  CHECK(is_same_site("http://storm.example", "storm.example:80"));
  CHECK(is_same_site("https://storm.example", "storm.example"));
  CHECK_FALSE(is_same_site("http://localhost:3000", "localhost:28482"));
  CHECK_FALSE(is_same_site("http://localhost", "localhost:28482"));
  CHECK_FALSE(is_same_site("https://localhost", "localhost:80"));
  CHECK_FALSE(is_same_site("http://[::1]:3000", "[::1]"));
  CHECK_FALSE(is_same_site("http://evil.example:28482", "localhost:28482"));
  CHECK_FALSE(is_same_site("null", ""));
  CHECK_FALSE(is_same_site("file://localhost:28482", "localhost:28482"));
}
