// Finds the resources that a query matches, a step at a time: by the names or relations that it
// demands, else class by class, of which each is taken or left as a whole where it can tell. What
// has to be looked at one by one is answered from columns, or read on all cores.
// Holds no lock; the state outlives it. One thread at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/engine/class_plan.hpp"
#include "core/engine/found_resources.hpp"
#include "core/engine/scans.hpp"
#include "core/engine/state.hpp"
#include "core/query/column_filter.hpp"

namespace storm {

class ResourceSearch {
 public:
  // Without `scans`, which outlive it, everything is read by the one who runs it.
  ResourceSearch(const State& state, Query query, Scans* scans = nullptr);
  ~ResourceSearch();
  ResourceSearch(const ResourceSearch&) = delete;
  ResourceSearch& operator=(const ResourceSearch&) = delete;

  // Goes on until all is looked at (true) or `pause()` says so after a while (false).
  bool run(const std::function<bool()>& pause);
  // Requires, here and below: run() was true.
  const std::shared_ptr<const FoundResources>& found() const { return done_; }
  // In the order of resources.
  std::vector<Shared<Resource>> take();
  // As run() and take() without a pause, in no order.
  static std::vector<Shared<Resource>> all(const State& state, const Query& query);

  // How many resources have to be tested one by one.
  std::size_t tests() const { return candidates_ ? candidates_->size() : plan_.tests; }

 private:
  enum class Stage { Start, MakeColumns, Columns, Scan, Done };
  // A part of a set of resources, or of the candidates (no set).
  struct Piece {
    const ResourceSet* resources = nullptr;
    std::size_t begin = 0, end = 0;
  };

  bool find_candidates();
  void start();
  void start_columns(Shared<ColumnSet> set);
  void start_scan();
  void start_job(std::size_t parts, std::function<void(std::size_t)> part);
  void scan_part(std::size_t part);
  void columns_part(std::size_t part);
  void overlay_part();
  void limit_to_classes(const std::uint32_t* classes, std::size_t count,
                        ColumnFilter::Answer& answer) const;
  void finish();

  const State& state_;
  const Query query_;
  Scans* const scans_;
  const MemberTree snapshot_members_;
  std::optional<std::vector<Uuid>> candidates_;
  ClassPlan plan_;
  Stage stage_ = Stage::Start;

  // Columns.
  std::vector<std::string> paths_;
  std::shared_ptr<ColumnStore::Build> build_;
  Shared<ColumnSet> set_;
  std::unique_ptr<ColumnFilter> row_filter_, overlay_filter_;
  std::vector<unsigned char> truths_;  // of classes by number; empty: each depends
  std::vector<std::uint64_t> bits_;

  // Scan.
  std::vector<Piece> pieces_;
  std::vector<std::size_t> part_ends_;  // of pieces
  std::vector<std::vector<Shared<Resource>>> found_in_parts_;

  std::shared_ptr<FoundResources> found_;
  std::shared_ptr<const FoundResources> done_;
  std::shared_ptr<ScanJob> job_;
};

// The members of snapshots that a query reads.
MemberTree snapshot_members_of(const Query& query);

}  // namespace storm
