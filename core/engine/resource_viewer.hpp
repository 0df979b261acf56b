// Looks at many resources one after the other as queries see them, with as little to allocate as
// can be: one view is turned from resource to resource. One thread at a time.
#pragma once
#include <memory>

#include "core/engine/state.hpp"

namespace storm {

class ResourceViewer {
 public:
  // Of the snapshots only those members are read; null: all. Both outlive this.
  ResourceViewer(const State& state, const MemberTree* snapshot_members);
  ~ResourceViewer();
  ResourceViewer(const ResourceViewer&) = delete;
  ResourceViewer& operator=(const ResourceViewer&) = delete;

  // Valid until the next call; the resource outlives it.
  const DocumentView& at(const Resource& resource);

 private:
  class View;
  std::unique_ptr<View> view_;
};

}  // namespace storm
