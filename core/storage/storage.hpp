// Storage: a transactional store of rows in spaces, as the engine needs it. A storage plugin
// implements it through core/plugin_host; MemoryStorage implements it for --ephemeral and tests.
// Calls are made one at a time by the engine's threads; only the StoreWriter's own lock is held
// meanwhile.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm {

struct Row {
  std::string space;
  std::string key;
  std::string value;  // empty for a delete
};

// All or nothing. Deletes go first: a key that is in both lists is there afterwards; of several
// puts of one key the last counts.
struct Transaction {
  std::vector<Row> puts;
  std::vector<Row> deletes;  // a key that is not there is no error
  bool empty() const { return puts.empty() && deletes.empty(); }
};

class Storage {
 public:
  virtual ~Storage() = default;

  // Gives every row of a space, in key order, at one revision. An error from `each` ends the
  // listing with it.
  virtual Result<void> load(std::string_view space,
                            const std::function<Result<void>(Row)>& each) = 0;
  // Durable when it returns without an error. NoSpace: nothing was applied, later calls work once
  // there is room. Unavailable and Io: nothing is known to be applied.
  virtual Result<void> apply(const Transaction& transaction) = 0;
  // True when what was applied outlives this process.
  virtual bool durable() const = 0;
};

}  // namespace storm
