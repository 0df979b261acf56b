// MemoryStorage: the store behind --ephemeral and tests. Rows live as long as the process.
// Threads: any; a listing sees the revision it began with and keeps nobody from writing.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/storage/storage.hpp"

namespace storm {

class MemoryStorage : public Storage {
 public:
  Result<void> load(std::string_view space, const std::function<Result<void>(Row)>& each) override;
  Result<void> apply(const Transaction& transaction) override;
  bool durable() const override { return false; }

 private:
  // Values are shared, so that a listing copies keys only.
  using Space = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;

  std::mutex mutex_;
  std::map<std::string, Space, std::less<>> spaces_;  // Guarded by mutex_.
};

}  // namespace storm
