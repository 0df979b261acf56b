// Reads the cells of columns from the snapshots of resources. Immutable; [any-thread].
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/state.hpp"
#include "core/query/column.hpp"

namespace storm {

inline constexpr std::string_view kSnapshotField = "snapshot";

class SnapshotCells {
 public:
  // Paths below the snapshot ("snapshot.Spec.Name").
  explicit SnapshotCells(std::span<const std::string> paths);

  // One cell for each path. `scratch` is for the text, kept for the next one.
  void read(const Resource& resource, std::string& scratch, std::span<Cell> cells) const;

 private:
  std::vector<Path> paths_;
  MemberTree members_;
};

}  // namespace storm
