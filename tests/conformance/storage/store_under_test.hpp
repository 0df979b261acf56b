// What the storage suite asks of a store, whichever way it is reached. A store that is tested
// defines make_store() in a file of its own (storage_*_under_test.cpp).
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storm/storage.h"

namespace storm::conformance {

struct StoredRow {
  std::string space;
  std::string key;
  std::string value;
  std::uint64_t revision = 0;
};

struct Change {
  std::vector<StoredRow> puts;
  std::vector<StoredRow> deletes;
  std::array<std::uint8_t, 16> id{};
  std::uint64_t expect_revision = 0;
  std::uint64_t fence = 0;
};

struct Outcome {
  storm_rc code = STORM_OK;
  std::string message = {};  // of the fault, when there is one
  std::uint64_t revision = 0;
  bool ok() const { return code >= 0; }
};

class StoreUnderTest {
 public:
  // A negative code ends the listing.
  using TakeRow = std::function<storm_rc(const StoredRow&)>;

  virtual ~StoreUnderTest() = default;
  virtual Outcome open() = 0;
  virtual Outcome load(std::string_view space, const TakeRow& take) = 0;
  virtual Outcome apply(const Change& change) = 0;
  virtual Outcome close() = 0;
  virtual std::uint32_t caps() const = 0;  // STORM_STORE_*, once open
};

// `folder` is where the store may keep its files.
std::unique_ptr<StoreUnderTest> make_store(const std::filesystem::path& folder);

// An empty folder for as long as the object lives.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "storm-store-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::vector<StoredRow> rows_of(StoreUnderTest& store, std::string_view space) {
  std::vector<StoredRow> rows;
  const Outcome loaded = store.load(space, [&](const StoredRow& row) {
    rows.push_back(row);
    return STORM_OK;
  });
  // Not an empty listing: a test must not go on with rows that it does not have.
  if (!loaded.ok()) throw std::runtime_error("load failed: " + loaded.message);
  return rows;
}

// "key=value key=value ..."
inline std::string text_of(StoreUnderTest& store, std::string_view space) {
  std::string text;
  for (const StoredRow& row : rows_of(store, space)) {
    text += (text.empty() ? "" : " ") + row.key + "=" + row.value;
  }
  return text;
}

}  // namespace storm::conformance
