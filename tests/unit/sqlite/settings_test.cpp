#include "settings.hpp"

#include "catch.hpp"
#include "storm/cpp/fault.hpp"

using Catch::Matchers::Contains;
using storm::sdk::Fault;
using storm::sqlite::read_settings;

TEST_CASE("sqlite settings: path is read as it stands", "[sqlite]") {
  CHECK(read_settings(R"({"path": "/var/lib/storm.db"})").path == "/var/lib/storm.db");
}

TEST_CASE("sqlite settings: what is missing, unknown or wrong is refused by name", "[sqlite]") {
  const auto [config, word] = GENERATE(table<const char*, const char*>({
      {"", "map"},
      {"not json", "map"},
      {"[]", "map"},
      {"{}", "\"path\" is missing"},
      {R"({"pth": "x"})", "\"pth\""},
      {R"({"path": "x", "mode": 1})", "\"mode\""},
      {R"({"path": 7})", "string"},
      {R"({"path": ""})", "empty"},
      {R"({"path": "a\u0000b"})", "NUL"},
  }));
  INFO(config);
  try {
    read_settings(config);
    FAIL("taken");
  } catch (const Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    CHECK(fault.raw().layer == STORM_LAYER_CONFIG);
    CHECK_THAT(fault.message(), Contains(word) && Contains("sqlite"));
  }
}
