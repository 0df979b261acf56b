#include "core/base/edit_distance.hpp"

#include <array>

#include "catch.hpp"

using storm::edit_distance;
using storm::nearest_name;

TEST_CASE("nearest name: distance counts slips of the finger", "[config]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("listen", "listen") == 0);
  CHECK(edit_distance("listen", "lsiten") == 1);
  CHECK(edit_distance("listen", "liste") == 1);
  CHECK(edit_distance("listen", "listens") == 1);
  CHECK(edit_distance("listen", "lissen") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("nearest name: only what is near is suggested", "[config]") {
  constexpr std::array<std::string_view, 3> known = {"listen", "log", "executors"};
  CHECK(nearest_name("lisen", known) == "listen");
  CHECK(nearest_name("executor", known) == "executors");
  CHECK(nearest_name("excutros", known) == "executors");
  CHECK(nearest_name("x", known).empty());
  CHECK(nearest_name("database", known).empty());
  CHECK(nearest_name(std::string(10'000'000, 'l'), known).empty());
  CHECK(storm::suggest("lgo", known) == "; did you mean \"log\"?");
  CHECK(storm::suggest("database", known) == "; known are listen, log, executors");
}
