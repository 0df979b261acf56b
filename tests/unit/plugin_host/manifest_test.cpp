#include "core/plugin_host/manifest.hpp"

#include "catch.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "plugin_fixture.hpp"

namespace storm {
namespace {

std::string manifest_text(const std::string& id, const std::string& extra = "") {
  return "manifest: 1\nid: " + id +
         "\nversion: 1.0.0\nsummary: \"x\"\nabi: {major: 1, built: 2, min: 1}\nlibrary: x.so\n"
         "entry: storm_entry_x\nprovides: [storm.executor/1]\nneeds: [storm.host.log/1]\n" +
         extra;
}

TEST_CASE("manifest: everything it says is read", "[plugin_host]") {
  const auto manifest = parse_manifest(manifest_text("executor.x"), "/p/executor-x.yaml");
  REQUIRE(manifest);
  CHECK(manifest->kind == "executor");
  CHECK(manifest->name == "x");
  CHECK(manifest->version == "1.0.0");
  CHECK(manifest->abi_major == 1);
  CHECK(manifest->abi_built == 2);
  CHECK(manifest->abi_min == 1);
  CHECK(manifest->library == "/p/x.so");
  CHECK(manifest->entry == "storm_entry_x");
  CHECK(manifest->runtime == "native");
  CHECK(manifest->provides == std::vector<std::string>{"storm.executor/1"});
  CHECK(manifest->needs == std::vector<std::string>{"storm.host.log/1"});
}

TEST_CASE("manifest: keys of a later version are no error", "[plugin_host]") {
  CHECK(parse_manifest(manifest_text("executor.x", "sandbox: {network: none}\n"), "/p/x.yaml"));
}

TEST_CASE("manifest: what is wrong is named with its place", "[plugin_host]") {
  const auto message = [](const std::string& text) {
    const auto manifest = parse_manifest(text, "/p/x.yaml");
    return manifest ? "accepted" : manifest.error().message;
  };
  CHECK(message("[]") == "/p/x.yaml: a plugin manifest must be a map");
  CHECK(message("manifest: 2\n") ==
        "/p/x.yaml:1:11: this manifest format is not known here; known is 1");
  CHECK(message("manifest: 1\n") == "/p/x.yaml:1:1: id is missing");
  CHECK(message(manifest_text("nonsense")) ==
        "/p/x.yaml:2:5: id must have the form KIND.NAME, such as executor.swarm");
  CHECK(message("manifest: 1\nid: a.b\nversion: 1.0\n") ==
        "/p/x.yaml:3:10: version must be quoted or have three parts");
  CHECK(message("manifest: 1\nid: a.b\nversion: 1.0.0\nabi: {major: -1, built: 0, min: 0}\n") ==
        "/p/x.yaml:4:14: abi/major must be a number from 0 to 65535");
  CHECK(message(manifest_text("a.b", "runtime: []\n")) ==
        "/p/x.yaml:10:10: runtime must be a text that is not empty");
}

TEST_CASE("manifest: a file that is too large is not read", "[plugin_host]") {
  const test::TempFolder folder;
  const auto file = folder.write("big.yaml", std::string(kManifestBytesMax + 1, '#'));
  const auto manifest = read_manifest(file);
  REQUIRE_FALSE(manifest);
  CHECK(manifest.error().code == Errc::TooLarge);
  CHECK(manifest.error().message ==
        file.string() +
            ": it has more than the 65536 bytes that are allowed [plugin.file_too_large]");
}

TEST_CASE("scan: good plugins are found beside broken ones", "[plugin_host]") {
  const test::TempFolder first;
  const test::TempFolder second;
  first.write("executor-b.yaml", manifest_text("executor.b"));
  first.write("executor-a.yaml", manifest_text("executor.a"));
  first.write("executor-c.yaml", "manifest: [\n");
  first.write("notes.txt", "nothing");
  const auto twin = second.write("executor-a.yaml", manifest_text("executor.a"));
  second.write("storage-s.yaml", manifest_text("storage.s"));
  const std::vector<std::filesystem::path> folders = {first.path(), "/does/not/exist",
                                                      second.path(), first.path()};
  const PluginCatalog catalog = scan_plugins(folders);

  REQUIRE(catalog.plugins.size() == 3);
  CHECK(catalog.plugins[0].id == "executor.a");
  CHECK(catalog.plugins[0].file == first.path() / "executor-a.yaml");
  CHECK(catalog.of_kind("executor").size() == 2);
  REQUIRE(catalog.broken.size() >= 2);
  CHECK(catalog.broken[0].file == first.path() / "executor-c.yaml");
  CHECK(catalog.broken[1].error.message == twin.string() + ": executor.a is already provided by " +
                                               (first.path() / "executor-a.yaml").string() +
                                               ", which is used");
}

TEST_CASE("scan: a plugin that is not there is refused with what is", "[plugin_host]") {
  const test::TempFolder folder;
  folder.write("executor-a.yaml", manifest_text("executor.a"));
  const auto broken = folder.write("executor-c.yaml", "[]");
  const std::vector<std::filesystem::path> folders = {folder.path()};
  const PluginCatalog catalog = scan_plugins(folders);
  CHECK(catalog.find("executor", "a"));
  CHECK(catalog.find("executor", "x").error().message ==
        "there is no executor plugin 'x'; installed: a; looked in: " + folder.path().string());
  CHECK(catalog.find("executor", "c").error().message ==
        broken.string() + ": a plugin manifest must be a map");
}

}  // namespace
}  // namespace storm
