// What searches over many resources share: threads that help, and columns. Owned by the engine,
// handed down to whoever searches. [any-thread]
#pragma once
#include <cstddef>

#include "core/engine/column_store.hpp"
#include "core/engine/scan_pool.hpp"

namespace storm {

struct Scans {
  Scans(std::size_t threads, std::size_t column_bytes_max)
      : columns(column_bytes_max), pool(threads) {}

  ColumnStore columns;
  ScanPool pool;  // ends first: its threads may still be at work on columns
};

}  // namespace storm
