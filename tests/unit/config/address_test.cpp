#include "core/config/address.hpp"

#include "catch.hpp"

using storm::Address;
using storm::is_loopback;
using storm::parse_address;
using storm::Reach;
using storm::reach_of;

TEST_CASE("address: host and port are taken apart", "[config]") {
  const auto [text, host, port] = GENERATE(table<const char*, const char*, int>({
      {"127.0.0.1", "127.0.0.1", -1},
      {"127.0.0.1:0", "127.0.0.1", 0},
      {"localhost:28482", "localhost", 28482},
      {"[::1]", "::1", -1},
      {"[::1]:65535", "::1", 65535},
      {"::1", "::1", -1},
      {"[fe80::1%eth0]:80", "fe80::1%eth0", 80},
      {"storm-1.example.com:80", "storm-1.example.com", 80},
  }));
  INFO(text);
  const auto address = parse_address(text);
  REQUIRE(address);
  CHECK(address->host == host);
  CHECK(address->port.has_value() == (port >= 0));
  CHECK(address->port.value_or(0) == (port >= 0 ? port : 0));
}

TEST_CASE("address: what is none is refused", "[config]") {
  const std::string text =
      GENERATE(as<std::string>(), "", ":80", "host:", "host:port", "host:65536", "host:-1",
               "host:80x", "host: 80", "[::1", "[::1]80", "[::1]:", "[host]:80", "1:2:3", "a b",
               "http://host", "host/x");
  INFO(text);
  CHECK_FALSE(parse_address(text));
}

TEST_CASE("address: loopback is told from the rest", "[config]") {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "localhost"}) {
    INFO(host);
    CHECK(reach_of(host) == Reach::Loopback);
  }
  for (const char* host :
       {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "::ffff:10.0.0.1", "fe80::1%eth0"}) {
    INFO(host);
    CHECK(reach_of(host) == Reach::Remote);
    CHECK_FALSE(is_loopback(host));
  }
  for (const char* host : {"storm.example.com", "127.0.0.1.example.com", "localhost.example.com"}) {
    INFO(host);
    CHECK(reach_of(host) == Reach::Unknown);
  }
  CHECK_FALSE(is_loopback("localhost"));  // what a name means is known once it is resolved
}

TEST_CASE("address: written with brackets where they are needed", "[config]") {
  CHECK(to_text(Address{"127.0.0.1", 1}) == "127.0.0.1:1");
  CHECK(to_text(Address{"::1", 28482}) == "[::1]:28482");
}
