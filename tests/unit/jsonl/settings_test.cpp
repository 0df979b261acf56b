#include "plugins/executors/jsonl/settings.hpp"

#include <string>

#include "catch.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::jsonl {
namespace {

std::string refusal(const std::string& config) {
  try {
    parse_settings(config);
  } catch (const sdk::Fault& fault) {
    return fault.message();
  }
  return {};
}

TEST_CASE("jsonl settings: a path is enough and the file is followed", "[jsonl]") {
  const Settings settings = parse_settings(R"({"path": "/srv/inventory.jsonl"})");
  CHECK(settings.path == "/srv/inventory.jsonl");
  CHECK(settings.follow);
  CHECK_FALSE(parse_settings(R"({"path": "a", "follow": false})").follow);
}

TEST_CASE("jsonl settings: what is wrong is refused by its key", "[jsonl]") {
  CHECK(refusal("{}") == "path: is missing: the file of JSON lines to show");
  CHECK(refusal(R"({"path": ""})").starts_with("path: "));
  CHECK(refusal(R"({"path": "/srv/"})") == "path: must be a file, not a folder");
  CHECK(refusal(R"({"path": 7})") == "path: must be the path of a file");
  CHECK(refusal(R"({"path": "a\u0000b"})").starts_with("path: "));
  CHECK(refusal(R"({"path": "a", "follow": "yes"})") == "follow: must be true or false");
  CHECK(refusal(R"({"path": "a", "folow": true})") ==
        "folow: is not a setting; there are path and follow");
  CHECK(refusal("[]").starts_with("config: "));
}

}  // namespace
}  // namespace storm::jsonl
