// Preparation: what the query of a group matches, or the value of a view, found beside the engine
// against a state of the past, so that a group over a million resources does not hold the writer.
// The engine notes what changes meanwhile and brings the result up to date when it puts the group.
#pragma once
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/engine/apply.hpp"
#include "core/engine/command.hpp"
#include "core/engine/memberships.hpp"
#include "core/engine/scans.hpp"
#include "core/engine/view_preparation.hpp"

namespace storm {

// A group whose query has to be tested on more resources than this is prepared, and a view for
// which more have to be looked at.
inline constexpr std::size_t kTestsAtOnceMax = 5'000;
// Groups that wait for their preparation; more are refused.
inline constexpr std::size_t kPreparationsMax = 64;

class Preparation {
 public:
  // Nothing when the command needs none: it is no group's or view's, quick, or a group of more than
  // `group_tests_max` tests, which is refused.  [engine-thread]
  static std::shared_ptr<Preparation> of(
      const Command& command, const State& state, const OperatorSet& operators,
      std::size_t group_tests_max = std::numeric_limits<std::size_t>::max());

  // The state to look at. Before run().  [engine-thread]
  void begin(Snapshot base) { base_ = std::move(base); }
  // Looks at everything, or until `give_up()`; whether it is complete. Once, on any thread.
  bool run(const std::function<bool()>& give_up, Scans* scans = nullptr);

  // What changed since begin().  [engine-thread]
  void note(const Change& change);
  // What holds now. Requires: run() is over.  [engine-thread]
  Prepared finish(const State& state) const;

 private:
  struct GroupFilter {
    Value filter;
    Query query;
  };
  explicit Preparation(GroupFilter group) : group_(std::move(group)) {}
  explicit Preparation(ViewPreparation view) : view_(std::move(view)) {}
  Matches matches_now(const State& state) const;

  const std::optional<GroupFilter> group_;  // of a group
  std::optional<ViewPreparation> view_;     // else
  Snapshot base_;
  Matches matches_;
  std::set<Uuid> changed_, renamed_;
};

}  // namespace storm
