// The in-memory store, through the interface that the engine uses.
#include "core/storage/memory_storage.hpp"
#include "store_under_test.hpp"

namespace storm::conformance {
namespace {

class MemoryStore final : public StoreUnderTest {
 public:
  Outcome open() override { return {}; }
  Outcome load(std::string_view space, const TakeRow& take) override {
    storm_rc code = STORM_OK;
    const auto result = storage_.load(space, [&](Row row) -> Result<void> {
      code = take({row.space, row.key, row.value, 0});
      if (code < 0) return Error{Errc::Cancelled, "the taker ended it"};
      return {};
    });
    return {result ? STORM_OK : code, result ? "" : result.error().message, 0};
  }
  Outcome apply(const Change& change) override {
    Transaction transaction;
    for (const StoredRow& row : change.puts) {
      transaction.puts.push_back({row.space, row.key, row.value});
    }
    for (const StoredRow& row : change.deletes) {
      transaction.deletes.push_back({row.space, row.key, ""});
    }
    const auto result = storage_.apply(transaction);
    return {result ? STORM_OK : STORM_E_INTERNAL, result ? "" : result.error().message, 0};
  }
  Outcome close() override { return {}; }
  std::uint32_t caps() const override { return storage_.durable() ? STORM_STORE_DURABLE : 0; }

 private:
  MemoryStorage storage_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store(const std::filesystem::path&) {
  return std::make_unique<MemoryStore>();
}

}  // namespace storm::conformance
