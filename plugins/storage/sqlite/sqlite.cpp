// The storage plugin "sqlite": reads its settings and hands each call to a SqliteStore.
#include <string>
#include <string_view>

#include "settings.hpp"
#include "sqlite_store.hpp"
#include "storm/cpp/storage.hpp"

namespace storm::sqlite {
namespace {

using sdk::Fault;

constexpr std::string_view kConfigSchema = R"({
  "type": "object",
  "required": ["path"],
  "additionalProperties": false,
  "properties": {
    "path": {"type": "string", "minLength": 1,
             "description": "The database file; its folder is created when it is missing."}
  }
})";

class SqlitePlugin final : public sdk::Storage {
 public:
  SqlitePlugin(const sdk::Host& host, std::string_view config_json)
      : host_(host), store_(read_settings(config_json).path) {}

  sdk::StoreInfo open(const sdk::Call&) override {
    const SqliteStore::Opened opened = store_.open();
    host_.info((opened.created ? "created the store " : "opened the store ") + opened.path +
               " at revision " + std::to_string(opened.revision));
    if (opened.check == SqliteStore::Check::CutShort) {
      host_.info("the store is large: only a part of it was looked through for damage");
    }
    return {STORM_STORE_DURABLE, opened.revision};
  }

  void load(const sdk::Call& call, std::string_view space, const sdk::RowSink& rows) override {
    store_.load(space, [&](const storm_row& row, std::uint64_t revision) {
      if (call.cancelled()) throw Fault(STORM_E_CANCELLED, "the listing was cancelled");
      rows.write({&row, 1, sizeof row}, {nullptr, 0, sizeof row}, revision);
    });
  }

  std::uint64_t apply(const sdk::Call&, const sdk::Transaction& transaction) override {
    return store_.apply(transaction);
  }

  void close(const sdk::Call&) override { store_.close(); }

 private:
  const sdk::Host host_;
  SqliteStore store_;
};

}  // namespace
}  // namespace storm::sqlite

STORM_STORAGE_PLUGIN(sqlite, storm::sqlite::SqlitePlugin, storm::sqlite::kConfigSchema)
