#include <string>

#include "catch.hpp"
#include "network.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::cidr {
namespace {

bool inside(const std::string& network, std::string_view value) {
  const auto address = address_in(value);
  return address && Network::parse(network).contains(*address);
}

std::string refusal(const std::string& text) {
  try {
    Network::parse(text);
  } catch (const sdk::Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    return fault.message();
  }
  return {};
}

std::string prefixes(const std::string& network) {
  const auto all = Network::parse(network).prefixes();
  if (!all) return "none";
  std::string joined;
  for (const std::string& one : *all) joined += (joined.empty() ? "" : " ") + one;
  return joined;
}

TEST_CASE("cidr: an address is in its networks", "[cidr]") {
  CHECK(inside("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(inside("10.0.0.0/8", "11.0.0.1"));
  CHECK(inside("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(inside("172.16.0.0/12", "172.32.0.0"));
  CHECK(inside("0.0.0.0/0", "255.255.255.255"));
  CHECK(inside("10.1.2.3", "10.1.2.3"));
  CHECK_FALSE(inside("10.1.2.3", "10.1.2.4"));
  CHECK(inside("2001:db8::/32", "2001:DB8:0:0::1"));
  CHECK_FALSE(inside("2001:db8::/33", "2001:db8:8000::"));
  CHECK(inside("::/0", "::1"));
}

TEST_CASE("cidr: the two families do not mix", "[cidr]") {
  CHECK_FALSE(inside("::/0", "10.0.0.1"));
  CHECK_FALSE(inside("0.0.0.0/0", "::1"));
  CHECK_FALSE(inside("10.0.0.0/8", "::ffff:10.0.0.1"));
  CHECK(inside("::ffff:0:0/96", "::ffff:10.0.0.1"));
}

TEST_CASE("cidr: addresses are found with a prefix length, a port and brackets", "[cidr]") {
  CHECK(inside("10.0.0.0/24", "10.0.0.5/24"));
  CHECK(inside("10.0.0.0/24", "10.0.0.5:8080"));
  CHECK(inside("fd00::/8", "fd00::1/64"));
  CHECK(inside("fd00::/8", "[fd00::1]:443"));
  CHECK(inside("fd00::/8", "[fd00::1]"));
}

TEST_CASE("cidr: what is no address is in no network", "[cidr]") {
  for (const char* const value :
       {"", "10", "10.0.0", "10.0.0.256", "010.0.0.1", " 10.0.0.1", "10.0.0.1 ", "10.0.0.1/33",
        "10.0.0.1/", "10.0.0.1:", "10.0.0.1:70000", "10.0.0.1:a", "[10.0.0.1]:80", "[::1",
        "[::1]80", "::1/129", "fe80::1%eth0", "web.example", "10.0.0.1/8/8"}) {
    INFO(value);
    CHECK_FALSE(address_in(value));
  }
  CHECK_FALSE(address_in(std::string("10.0.0.1\0", 9)));
  CHECK_FALSE(address_in(std::string(5000, '1')));
}

TEST_CASE("cidr: a wrong network is refused with the one that was meant", "[cidr]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refusal("10.1.2.3/8"), Contains("10.0.0.0/8") && Contains("10.1.2.3"));
  CHECK_THAT(refusal("2001:db8::1/32"), Contains("2001:db8::/32"));
  CHECK_THAT(refusal("10.0.0.0/33"), Contains("0 to 32"));
  CHECK_THAT(refusal("::/129"), Contains("0 to 128"));
  CHECK_THAT(refusal("10.0.0.0/"), Contains("prefix length"));
  CHECK_THAT(refusal("10.0.0.0/-1"), Contains("prefix length"));
  CHECK_THAT(refusal("web"), Contains("10.0.0.0/8"));
  CHECK_THAT(refusal(""), Contains("no network"));
}

TEST_CASE("cidr: the beginnings of IPv4 networks are known", "[cidr]") {
  CHECK(prefixes("10.0.0.0/8") == "10.");
  CHECK(prefixes("10.1.2.0/24") == "10.1.2.");
  CHECK(prefixes("10.1.2.3/32") == "10.1.2.3");
  CHECK(prefixes("172.16.0.0/14") == "172.16. 172.17. 172.18. 172.19.");
  CHECK(prefixes("10.0.0.4/30") == "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7");
  CHECK(prefixes("0.0.0.0/0") == "none");
  CHECK(prefixes("fd00::/8") == "none");
}

}  // namespace
}  // namespace storm::cidr
