// ViewPreparation: the value of a view, found beside the engine against a state of the past, so
// that a view over a million resources does not hold the writer. Part of a Preparation, which says
// on which threads.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "core/engine/command.hpp"
#include "core/engine/live_view.hpp"
#include "core/engine/memberships.hpp"

namespace storm {

// The value that a view has, found ahead.
struct PreparedView {
  std::shared_ptr<const View> view;
  ViewTally tally;

  // Whether it is the value of this view: the name does not matter.
  bool fits(const View& other) const;
};

class ViewPreparation {
 public:
  // Nothing when the command makes no view, is faulty, or few resources have to be looked at.
  static std::optional<ViewPreparation> of(const Command& command, const State& state,
                                           const OperatorSet& operators);

  // Whether it is complete.
  bool run(const State& base, const std::function<bool()>& give_up);
  // What moved meanwhile in groups other than by its own change.
  void note(const Memberships::Moves& moves);
  // The value now, after changes of these resources since `base`, and other names of those. Nothing
  // when too much became different: it is to be found anew. Requires: run() was complete.
  std::optional<PreparedView> finish(const State& base, const State& now,
                                     const std::set<Uuid>& changed,
                                     const std::set<Uuid>& renamed) const;

 private:
  ViewPreparation(View view, std::shared_ptr<const ViewPlan> plan)
      : view_(std::make_shared<const View>(std::move(view))), plan_(std::move(plan)) {}

  std::shared_ptr<const View> view_;
  std::shared_ptr<const ViewPlan> plan_;
  ViewTally tally_;
  std::set<Uuid> moved_;
  bool relisted_ = false;
};

}  // namespace storm
