#include "cli/nearest.hpp"

#include "catch.hpp"

using namespace storm::cli;

TEST_CASE("nearest: the best come first, the far ones not at all", "[cli]") {
  CHECK(nearest("fronted", {"database", "frontend-canary", "frontend"}) ==
        std::vector<std::string>{"frontend", "frontend-canary"});
  CHECK(nearest("front", {"database", "frontend-canary", "frontend"}) ==
        std::vector<std::string>{"frontend", "frontend-canary"});
  CHECK(nearest("xyz", {"database"}).empty());
  CHECK(did_you_mean("datbase", {"database", "groups"}) == "did you mean: database");
  CHECK(did_you_mean("q", {}).empty());
}
