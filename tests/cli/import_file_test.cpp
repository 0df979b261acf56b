#include "cli/import_file.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "catch.hpp"

using namespace storm::cli;

namespace {
// A file that is gone again when the test ends.
class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    const int handle = ::mkstemps(name_, 4);
    REQUIRE(handle >= 0);
    ::close(handle);
    std::ofstream(name_) << text;
  }
  ~TextFile() { std::remove(name_); }
  std::string name() const { return name_; }

 private:
  char name_[32] = "/tmp/stormctl-XXXXXX.yml";
};

std::vector<ErrorBlock> errors_of(const std::string& text, std::string* name = nullptr) {
  const TextFile file(text);
  if (name != nullptr) *name = file.name();
  std::vector<ErrorBlock> errors;
  read_import({file.name()}, errors);
  return errors;
}
}  // namespace

TEST_CASE("import file: a list, one document and several are all read", "[cli]") {
  const auto text = GENERATE(as<std::string>(), "- group: {name: a}\n- app: {name: b}\n",
                             "group: {name: a}\n---\napplications: {name: b}\n",
                             "---\n- group: {name: a}\n---\n- application: {name: b}\n---\n",
                             R"([{"group": {"name": "a"}}, {"app": {"name": "b"}}])");
  const TextFile file(text);
  std::vector<ErrorBlock> errors;
  const ImportSet set = read_import({file.name()}, errors);
  CHECK(errors.empty());
  REQUIRE(set.items.size() == 2);
  CHECK(set.items[0].noun->name == "group");
  CHECK(set.items[0].name == "a");
  CHECK(set.items[1].noun->name == "application");
}

TEST_CASE("import file: each error names its line and column and shows it", "[cli]") {
  std::string name;
  const auto errors = errors_of("- group:\n    name: web\n    qeury: {}\n", &name);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == name + ":3:5: group has no field \"qeury\"");
  CHECK(errors[0].details ==
        std::vector<std::string>{"3 |     qeury: {}", "  |     ^^^^^ did you mean: query"});
  CHECK(errors[0].exit == ExitCode::InvalidInput);
}

TEST_CASE("import file: columns count characters", "[cli]") {
  std::string name;
  const auto errors = errors_of("- {group: {query: {é: é}, nmae: x, name: é}}\n", &name);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == name + ":1:27: group has no field \"nmae\"");
}

TEST_CASE("import file: what is no definition is refused", "[cli]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"- group: {query: {}}", "this group has no name"},
      {"- group: {name: 5}", "a name is a text"},
      {"- group: [1]", "a group is a map of its fields"},
      {"- resource: {name: x}", "cannot import a resource"},
      {"- gruop: {name: x}", "unknown kind \"gruop\""},
      {"- just a text", "expected a kind"},
      {"- group: {name: x}\n- group: {name: x}", "group \"x\" is defined twice"},
      {"- group: {name: [", ""},
  }));
  const auto errors = errors_of(text);
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors[0].message, Catch::Matchers::Contains(message));
}

TEST_CASE("import file: a part of a text is marked, plain and in quotes", "[cli]") {
  const TextFile file("app: {name: x, components: [a => b[http], 'a => b[http]']}\n");
  std::vector<ErrorBlock> errors;
  const ImportSet set = read_import({file.name()}, errors);
  // A flow list may not hold brackets in plain text: YAML itself refuses it.
  CHECK_FALSE(errors.empty());
  const TextFile block("app:\n  name: x\n  components:\n  - a => b[http]\n  - 'a => b[http]'\n");
  errors.clear();
  const ImportSet good = read_import({block.name()}, errors);
  REQUIRE(errors.empty());
  const ErrorBlock plain = error_at(good.items[0], "/components/0", "no", "", {7, 4});
  CHECK_THAT(plain.message, Catch::Matchers::Contains(":4:12: no"));
  CHECK(plain.details[1] == "  |            ^^^^");
  const ErrorBlock quoted = error_at(good.items[0], "/components/1", "no", "", {7, 4});
  CHECK_THAT(quoted.message, Catch::Matchers::Contains(":5:13: no"));
}

TEST_CASE("import file: a file that cannot be read is a failure, not bad input", "[cli]") {
  std::vector<ErrorBlock> errors;
  read_import({"/no/such/file.yml"}, errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "cannot read /no/such/file.yml: No such file or directory");
  CHECK(errors[0].exit == ExitCode::Failure);
  errors.clear();
  read_import({"/tmp"}, errors);
  CHECK(errors.size() == 1);
}
