// Finds the resources that a query matches, a step at a time: by the names or relations that it
// demands, else class by class, of which each is taken or left as a whole where it can tell.
// Holds no lock; the state outlives it. One thread at a time.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "core/engine/state.hpp"

namespace storm {

class ResourceSearch {
 public:
  ResourceSearch(const State& state, Query query);

  // Goes on until all is looked at (true) or `pause()` says so after a while (false).
  bool run(const std::function<bool()>& pause);
  // In the order of resources. Requires: run() was true. Once.
  std::vector<Shared<Resource>> take();
  // As run() and take() without a pause, in no order.
  static std::vector<Shared<Resource>> all(const State& state, const Query& query);

  // How many resources have to be tested one by one.
  std::size_t tests() const { return tests_; }

 private:
  struct Part {
    const LiveClass* live = nullptr;
    bool whole = false;
  };
  bool find_candidates();
  void plan_classes();
  void test(const Shared<Resource>& resource);

  const State& state_;
  Query query_;
  MemberTree snapshot_members_;
  std::size_t tests_ = 0;
  std::optional<std::vector<Uuid>> candidates_;
  std::vector<Part> parts_;
  std::size_t next_ = 0;
  std::optional<ResourceSet::Iterator> at_;  // in parts_[next_]
  std::vector<Shared<Resource>> found_;
};

// The members of snapshots that a query reads.
MemberTree snapshot_members_of(const Query& query);

}  // namespace storm
