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
