#include "core/rest/request.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("accept: browsers get pages, programs JSON, ours problems", "[rest]") {
  CHECK(read_accept("").format == Format::Json);
  CHECK(read_accept("*/*").format == Format::Json);
  CHECK(read_accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8").format ==
        Format::Html);
  CHECK(read_accept("application/json, application/problem+json").format == Format::Problem);
  CHECK(read_accept("application/json; indent=4").format == Format::Json);
  CHECK(read_accept("text/html;q=0.3, application/json").format == Format::Json);
  CHECK(read_accept("text/html;q=0").format == Format::Json);
}

TEST_CASE("accept: what is not served is told apart", "[rest]") {
  CHECK(read_accept("application/x-ndjson").acceptable);
  CHECK(read_accept("image/png, */*;q=0.1").acceptable);
  CHECK_FALSE(read_accept("image/png").acceptable);
  CHECK_FALSE(read_accept("application/json;q=0").acceptable);
}
