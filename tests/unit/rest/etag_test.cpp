#include "core/rest/etag.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("etag: it follows the content and tells representations apart", "[rest]") {
  CHECK(etag_of("{}") == etag_of("{}"));
  CHECK(etag_of("{}") != etag_of("{ }"));
  CHECK(etag_of("{}") != etag_of("{}", "fields=id"));
  CHECK(etag_of_collection(7, 1, "/v1/a") == etag_of_collection(7, 1, "/v1/a"));
  CHECK(etag_of_collection(7, 1, "/v1/a") != etag_of_collection(7, 2, "/v1/a"));
  CHECK(etag_of_collection(7, 1, "/v1/a") != etag_of_collection(7, 1, "/v1/b"));
  CHECK(etag_of_collection(7, 1, "/v1/a") != etag_of_collection(8, 1, "/v1/a"));
}

TEST_CASE("etag: lists, weak marks and the star are understood", "[rest]") {
  const std::string etag = etag_of("{}");
  CHECK(etag_listed(etag, etag));
  CHECK(etag_listed("\"x\", W/" + etag, etag));
  CHECK(etag_listed("*", etag));
  CHECK_FALSE(etag_listed("\"x\"", etag));
}

TEST_CASE("etag: a precondition looks at the state, a cache at the representation", "[rest]") {
  const std::string part = etag_of("{}", "fields=id");
  CHECK(etag_state_listed(part, etag_of("{}")));
  CHECK_FALSE(etag_listed(part, etag_of("{}")));
  CHECK_FALSE(etag_state_listed(part, etag_of("{ }")));
}
