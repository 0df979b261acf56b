#include "core/engine/snapshot_cells.hpp"

#include <utility>

namespace storm {

SnapshotCells::SnapshotCells(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    paths_.emplace_back(path);
    members_.add(std::string_view(path).substr(kSnapshotField.size() + 1));
  }
}

void SnapshotCells::read(const Resource& resource, std::string& scratch,
                         std::span<Cell> cells) const {
  Value snapshot;
  if (resource.snapshot) {
    scratch.clear();
    resource.snapshot.append_to(scratch);
    if (auto parsed = parse_members(scratch, members_)) snapshot = std::move(*parsed);
  }
  for (std::size_t i = 0; i < paths_.size(); ++i) cells[i] = Cell::at(paths_[i], snapshot);
}

}  // namespace storm
