#include "core/plugin_host/storage_adapter.hpp"

#include "catch.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "plugin_fixture.hpp"

namespace storm {
namespace {

// The embedded store, through the adapter.
struct Store {
  explicit Store(const std::filesystem::path& file) {
    const std::vector<std::filesystem::path> folders = {STORM_PLUGINS};
    const auto manifest = scan_plugins(folders).find("storage", "sqlite");
    REQUIRE(manifest);
    auto started = PluginInstance::start(*manifest, "store",
                                         Value(Value::Object{{"path", Value(file.string())}}),
                                         environment.value);
    REQUIRE(started);
    auto opened = StorageAdapter::open(std::move(*started));
    if (!opened) {
      refusal = opened.error().message;
      return;
    }
    adapter = std::move(*opened);
  }
  std::vector<std::pair<std::string, std::string>> rows(std::string_view space) {
    std::vector<std::pair<std::string, std::string>> all;
    CHECK(adapter->load(space, [&](Row row) -> Result<void> {
      all.emplace_back(row.key, row.value);
      return {};
    }));
    return all;
  }

  test::Environment environment;
  std::unique_ptr<StorageAdapter> adapter;
  std::string refusal;
};

TEST_CASE("storage: rows outlive the adapter", "[plugin_host]") {
  const test::TempFolder folder;
  const auto file = folder.path() / "store.db";
  {
    Store store(file);
    REQUIRE(store.adapter);
    CHECK(store.adapter->durable());
    Transaction first;
    first.puts = {{"groups", "b", "2"}, {"groups", "a", std::string("\0x", 2)}, {"apps", "a", "3"}};
    REQUIRE(store.adapter->apply(first));
    Transaction second;
    second.deletes = {{"groups", "b", ""}, {"groups", "none", ""}};
    REQUIRE(store.adapter->apply(second));
    CHECK(store.adapter->stop());
    CHECK(store.adapter->stop());
  }
  Store store(file);
  REQUIRE(store.adapter);
  CHECK(store.rows("groups") ==
        std::vector<std::pair<std::string, std::string>>{{"a", std::string("\0x", 2)}});
  CHECK(store.rows("apps").size() == 1);
  CHECK(store.rows("nothing").empty());
}

TEST_CASE("storage: an error of the reader ends the listing with it", "[plugin_host]") {
  const test::TempFolder folder;
  Store store(folder.path() / "store.db");
  REQUIRE(store.adapter);
  Transaction transaction;
  transaction.puts = {{"s", "a", "1"}, {"s", "b", "2"}};
  REQUIRE(store.adapter->apply(transaction));
  int seen = 0;
  const auto loaded = store.adapter->load("s", [&](Row) -> Result<void> {
    ++seen;
    return Error{Errc::InvalidArgument, "row a is broken"};
  });
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message == "row a is broken");
  CHECK(seen == 1);
}

TEST_CASE("storage: what no store must take is refused before it is tried", "[plugin_host]") {
  const test::TempFolder folder;
  Store store(folder.path() / "store.db");
  REQUIRE(store.adapter);
  Transaction transaction;
  transaction.puts = {{"s", std::string(513, 'k'), "1"}};
  CHECK(store.adapter->apply(transaction).error().code == Errc::TooLarge);
  CHECK(store.rows("s").empty());
}

TEST_CASE("storage: a store that another holds is refused by name", "[plugin_host]") {
  const test::TempFolder folder;
  Store first(folder.path() / "store.db");
  REQUIRE(first.adapter);
  Store second(folder.path() / "store.db");
  CHECK_FALSE(second.adapter);
  CHECK(second.refusal.starts_with("store: "));
  CHECK(second.refusal.find("store.db") != std::string::npos);
}

}  // namespace
}  // namespace storm
