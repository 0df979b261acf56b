#include "cli/plugin_template.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "catch.hpp"

namespace storm::cli {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "storm-template-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }

 private:
  fs::path path_;
};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST_CASE("plugin template: names that a symbol, a file and a package can bear", "[cli]") {
  for (const char* const good : {"a", "my_cloud", "s3", "linux", "a_1"}) {
    INFO(good);
    CHECK(check_plugin_name(good));
  }
  for (const std::string& bad :
       {std::string(), std::string("1a"), std::string("My"), std::string("my-cloud"),
        std::string("_a"), std::string("a_"), std::string("a__b"), std::string("a/b"),
        std::string(".."), std::string("caf\xc3\xa9"), std::string(41, 'a')}) {
    INFO(bad);
    const auto refused = check_plugin_name(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::InvalidArgument);
  }
}

TEST_CASE("plugin template: the name of its project is replaced in texts and paths", "[cli]") {
  Folder folder;
  folder.write("CMakeLists.txt", "project(this_one VERSION 1)\nstorm_add_plugin(this_one)\n");
  folder.write("src/this_one.c", "storm_entry_this_one");
  folder.write(".gitignore", "/build/\n");
  const auto read = read_template(folder.path());
  REQUIRE(read);
  CHECK(read->word == "this_one");
  const auto files = named(*read, "cloud");
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == ".gitignore");
  CHECK(files[1].text == "project(cloud VERSION 1)\nstorm_add_plugin(cloud)\n");
  CHECK(files[2].path == "src/cloud.c");
  CHECK(files[2].text == "storm_entry_cloud");

  const fs::path out = folder.path() / "out";
  REQUIRE(write_project(out, files));
  CHECK(text_of(out / "src/cloud.c") == "storm_entry_cloud");
  const auto again = write_project(out, files);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::AlreadyExists);
}

TEST_CASE("plugin template: nothing is left of a project that cannot be written", "[cli]") {
  Folder folder;
  const fs::path out = folder.path() / "out";
  // The second file needs the first one to be a folder.
  CHECK_FALSE(write_project(out, {{"a", "text"}, {"a/b", "text"}}));
  CHECK_FALSE(fs::exists(out));
}

TEST_CASE("plugin template: a folder without a project is none", "[cli]") {
  Folder folder;
  CHECK_FALSE(read_template(folder.path() / "absent"));
  folder.write("CMakeLists.txt", "add_library(a)\n");
  CHECK_FALSE(read_template(folder.path()));
  CHECK(template_names(folder.path() / "absent").empty());
  folder.write("executor-c/CMakeLists.txt", "");
  CHECK(template_names(folder.path()) == std::vector<std::string>{"executor-c"});
}

}  // namespace
}  // namespace storm::cli
