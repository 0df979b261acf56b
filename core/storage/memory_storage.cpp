#include "core/storage/memory_storage.hpp"

#include <utility>

namespace storm {

Result<void> MemoryStorage::load(std::string_view space,
                                 const std::function<Result<void>(Row)>& each) {
  Space rows;
  {
    const std::lock_guard lock(mutex_);
    const auto found = spaces_.find(space);
    if (found != spaces_.end()) rows = found->second;
  }
  for (const auto& [key, value] : rows) STORM_TRY(each({std::string(space), key, *value}));
  return {};
}

Result<void> MemoryStorage::apply(const Transaction& transaction) {
  const std::lock_guard lock(mutex_);
  for (const Row& row : transaction.deletes) {
    const auto space = spaces_.find(row.space);
    if (space != spaces_.end()) space->second.erase(row.key);
  }
  for (const Row& row : transaction.puts) {
    spaces_[row.space].insert_or_assign(row.key, std::make_shared<const std::string>(row.value));
  }
  return {};
}

}  // namespace storm
