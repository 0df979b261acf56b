#include "core/config/config_file.hpp"

#include <cstdlib>
#include <fstream>

#include "catch.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using storm::Environment;
using storm::find_config_file;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "storm-config-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const char* name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
};

}  // namespace

TEST_CASE("config file: the flag is stronger than the variable, than the place beside the program",
          "[config]") {
  const Folder folder;
  const std::string named = folder.write("named.yaml", "a");
  const std::string variable = folder.write("variable.yaml", "b");
  const std::string beside = folder.write("etc/perfectstorm/stormd.yaml", "c");
  Environment environment;
  environment.program_folder = folder.path / "bin";
  environment.variables["STORM_CONFIG"] = variable;
  CHECK((*find_config_file(named, environment))->text == "a");
  CHECK((*find_config_file({}, environment))->path == variable);
  environment.variables.clear();
  if (fs::exists("/etc/perfectstorm/stormd.yaml")) {
    WARN("SKIPPED: this machine has a /etc/perfectstorm/stormd.yaml, which comes first");
    return;
  }
  CHECK((*find_config_file({}, environment))->path == beside);
  environment.program_folder = folder.path / "elsewhere/bin";
  const auto none = find_config_file({}, environment);
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
}

TEST_CASE("config file: a named file must be there, be a file and be of sound size", "[config]") {
  const Folder folder;
  const auto absent = find_config_file((folder.path / "absent.yaml").string(), {});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == storm::Errc::NotFound);
  CHECK_THAT(absent.error().message, Contains("absent.yaml") && Contains("No such file"));
  CHECK_FALSE(find_config_file(folder.path.string(), {}));
  const auto large = find_config_file(
      folder.write("large.yaml", std::string(storm::kConfigBytesMax + 1, '#')), {});
  REQUIRE_FALSE(large);
  CHECK(large.error().code == storm::Errc::TooLarge);
}

TEST_CASE("environment: of this process", "[config]") {
  REQUIRE(setenv("STORM_TEST_ENVIRONMENT", "a=b", 1) == 0);
  REQUIRE(setenv("STORM_TEST_EMPTY", "", 1) == 0);
  const Environment environment = Environment::of_process();
  CHECK(environment.variable("STORM_TEST_ENVIRONMENT") == "a=b");
  CHECK_FALSE(environment.variable("STORM_TEST_EMPTY"));
  CHECK_FALSE(environment.variable("STORM_TEST_ABSENT"));
  CHECK(fs::exists(environment.program_folder));
  unsetenv("STORM_TEST_ENVIRONMENT");
  unsetenv("STORM_TEST_EMPTY");
}
