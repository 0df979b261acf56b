// Preparation: what the query of a group matches, found beside the engine against a state of the
// past, so that a group over a million resources does not hold the writer. The engine notes what
// changes meanwhile and brings the result up to date when it puts the group.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/engine/command.hpp"
#include "core/engine/memberships.hpp"

namespace storm {

// A group whose query has to be tested on more resources than this is prepared.
inline constexpr std::size_t kTestsAtOnceMax = 5'000;
// Groups that wait for their preparation; more are refused.
inline constexpr std::size_t kPreparationsMax = 64;

class Preparation {
 public:
  // Nothing when the command needs none: it is no group's, or its query is quick.  [engine-thread]
  static std::shared_ptr<Preparation> of(const Command& command, const State& state,
                                         const OperatorSet& operators);

  // The state to look at. Before run().  [engine-thread]
  void begin(Snapshot base) { base_ = std::move(base); }
  // Looks at everything, or until `give_up()`; whether it is complete. Once, on any thread.
  bool run(const std::function<bool()>& give_up);

  // What changed since begin(): resources, and those whose names did.  [engine-thread]
  void note(const std::set<Id>& touched, const std::set<Uuid>& renamed);
  // What the query matches now. Requires: run() is over.  [engine-thread]
  Matches finish(const State& state) const;

  const Value& filter() const { return filter_; }

 private:
  Preparation(Value filter, Query query) : filter_(std::move(filter)), query_(std::move(query)) {}

  const Value filter_;
  const Query query_;
  Snapshot base_;
  Matches matches_;
  std::set<Uuid> changed_, renamed_;
};

}  // namespace storm
