// Columns of what stands in the snapshots of all resources. A column is made when a path is first
// asked for, and brought up to the state of each later question by the events since; so what is
// answered from it is exact at that state. Rows are the resources in their order when the rows were
// made; what changed since lies in an overlay. Bounded in bytes; what was not asked for the longest
// time goes first. [any-thread]
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/engine/scan_pool.hpp"
#include "core/engine/snapshot_cells.hpp"
#include "core/engine/state.hpp"
#include "core/query/column.hpp"

namespace storm {

inline constexpr std::size_t kColumnBytesDefault = std::size_t{128} * 1024 * 1024;
inline constexpr std::size_t kColumnsOfQueryMax = 8;
// Paths that made no good column (mostly arrays and objects, or too large) are not tried again;
// when so many are known, all are forgotten.
inline constexpr std::size_t kRefusedPathsMax = 256;

struct RowIds {
  std::vector<Uuid> uuids;
  std::vector<std::uint32_t> classes;
};

// Resources, with the columns of their snapshots.
struct ColumnRows {
  Shared<RowIds> ids;
  std::map<std::string, Shared<Column>, std::less<>> columns;  // by path ("snapshot.Spec.Name")

  std::size_t size() const { return ids->uuids.size(); }
};

// Immutable.
struct ColumnSet {
  class Places;  // where a resource stands among the rows

  std::uint64_t revision = 0;  // of the state that it is true of
  ColumnRows rows;             // in the order of resources at some earlier state
  std::shared_ptr<const std::vector<std::uint64_t>> dead;  // bits: rows that are not so any more
  ColumnRows overlay;  // by id: the resources that changed since
  std::shared_ptr<Places> places;

  // So much changed that new rows pay.
  bool is_worn() const;
  std::size_t bytes() const;
};

class ColumnStore {
 public:
  explicit ColumnStore(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Columns of these paths that are true of the state; null when one is missing, or that cannot be
  // told. Reads the snapshots of what changed since somebody last asked.
  Shared<ColumnSet> at(const State& state, std::span<const std::string> paths);

  // Makes columns of these paths (and new rows for those that there are): its job is to be run,
  // then it is finished. Null when somebody else makes some, or a path is known to make no good
  // column.
  class Build;
  std::shared_ptr<Build> begin(const State& state, std::vector<std::string> paths);

  std::size_t bytes() const;

 private:
  // Drops what was not asked for lately until the rest fits; false when the `made` alone do not.
  bool shrink(ColumnSet& set, std::span<const std::string> made);  // Requires: mutex_ held.

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  Shared<ColumnSet> newest_;                                // Guarded by mutex_, as all below.
  std::map<std::string, std::uint64_t, std::less<>> used_;  // path -> when, by count of questions
  std::uint64_t questions_ = 0;
  std::set<std::string, std::less<>> refused_;
  bool is_building_ = false;
};

class ColumnStore::Build {
 public:
  Build(ColumnStore& store, const State& state, std::vector<std::string> paths,
        Shared<ColumnSet> old);
  ~Build();
  const std::shared_ptr<ScanJob>& job() const { return job_; }
  // Null when a path made no good column. Requires: the job is done. Once.
  Shared<ColumnSet> finish();

 private:
  void read_part(std::size_t part);
  std::map<std::string, std::shared_ptr<Column>> carried() const;

  ColumnStore& store_;
  const State& state_;
  const std::vector<std::string> paths_;
  const Shared<ColumnSet> old_;  // may be null
  const SnapshotCells cells_;
  std::shared_ptr<RowIds> ids_;
  std::vector<std::shared_ptr<Column>> made_;  // of paths_
  std::shared_ptr<ScanJob> job_;
};

}  // namespace storm
