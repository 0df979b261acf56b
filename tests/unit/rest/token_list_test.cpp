#include "core/rest/token_list.hpp"

#include "catch.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

constexpr std::string_view kOps = "0123456789abcdef";
constexpr std::string_view kCi = "fedcba9876543210fedcba9876543210";

TokenList two() {
  auto list = TokenList::parse(
      "# who may call\n\n  ops\t 0123456789abcdef\r\nci fedcba9876543210fedcba9876543210");
  REQUIRE(list);
  return std::move(*list);
}

std::string error_of(std::string_view text) {
  const auto list = TokenList::parse(text);
  REQUIRE_FALSE(list);
  return list.error().message;
}

}  // namespace

TEST_CASE("tokens: a bearer token tells who holds it", "[rest]") {
  const TokenList list = two();
  CHECK(list.size() == 2);
  CHECK(list.holder_of("Bearer " + std::string(kOps)) == "ops");
  CHECK(list.holder_of("bearer  " + std::string(kCi)) == "ci");
}

TEST_CASE("tokens: a browser's user and password are a name that is not read and the token",
          "[rest]") {
  const TokenList list = two();
  CHECK(list.holder_of("Basic eDowMTIzNDU2Nzg5YWJjZGVm") == "ops");  // x:0123456789abcdef
  CHECK_FALSE(list.holder_of("Basic eDowMTIzNDU2Nzg5YWJjZGVn"));     // x:0123456789abcdeg
  CHECK_FALSE(list.holder_of("Basic MDEyMzQ1Njc4OWFiY2RlZg=="));     // no colon
}

TEST_CASE("tokens: what is no token lets nobody in", "[rest]") {
  const TokenList list = two();
  for (const std::string_view wrong :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
        "0123456789abcdef", "Digest 0123456789abcdef", "Basic", "Basic ====", "Basic !!!!",
        "Basic eDow", "Bearer ops"}) {
    INFO(wrong);
    CHECK_FALSE(list.holder_of(wrong));
  }
  CHECK_FALSE(list.holder_of("Basic " + std::string(100'000, 'A')));
}

TEST_CASE("tokens: a wrong line is named, and no token is shown", "[rest]") {
  CHECK(error_of("") == "holds no token; write one a line, as NAME TOKEN");
  CHECK(error_of("# nobody\n").find("holds no token") == 0);
  CHECK(error_of("ops").find("line 1: lacks the token") == 0);
  CHECK(error_of("\nops secret").find("line 2: the token of ops must be 16 to 1024") == 0);
  CHECK(error_of("ops 0123456789abcdef more") == "line 1: has more than a name and a token");
  CHECK(error_of("a 0123456789abcdef\na fedcba9876543210") == "line 2: a is named twice");
  CHECK(error_of("ops s3cr3t").find("s3cr3t") == std::string::npos);
  CHECK(error_of("\x01 0123456789abcdef").find("line 1: the name") == 0);
}
