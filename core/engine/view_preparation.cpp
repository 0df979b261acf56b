#include "core/engine/view_preparation.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/live_views.hpp"
#include "core/engine/preparation.hpp"

namespace storm {
namespace {

// The view after the command, as far as it is without a fault; whoever applies it says what is
// wrong.
std::optional<View> wish_of(const Command& command, const State& state) {
  const Value* body = nullptr;
  const View* known = nullptr;
  if (const auto* create = std::get_if<CreateEntity>(&command)) {
    if (create->kind != EntityKind::View) return std::nullopt;
    body = &create->body;
  } else if (const auto* replace = std::get_if<ReplaceEntity>(&command)) {
    if (replace->kind != EntityKind::View) return std::nullopt;
    const auto uuid = state.find(EntityKind::View, replace->reference);
    if (!uuid) return std::nullopt;
    if (replace->merge) known = state.views.get(*uuid)->view.get();
    body = &replace->body;
  } else {
    return std::nullopt;
  }
  std::vector<Problem> problems;
  ViewDraft draft = read_view(*body, known, problems);
  if (!problems.empty()) return std::nullopt;
  if (draft.group.given) {
    draft.view.group.reset();
    if (draft.group.text) {
      const auto group = state.find(EntityKind::Group, *draft.group.text);
      if (!group) return std::nullopt;
      draft.view.group = Id{EntityKind::Group, *group};
    }
  }
  return std::move(draft.view);
}

}  // namespace

bool PreparedView::fits(const View& other) const {
  return view->group == other.group && view->query == other.query &&
         view->measure == other.measure && view->path == other.path && view->by == other.by;
}

std::optional<ViewPreparation> ViewPreparation::of(const Command& command, const State& state,
                                                   const OperatorSet& operators) {
  std::optional<View> view = wish_of(command, state);
  if (!view) return std::nullopt;
  std::optional<Query> query;
  if (!view->query.as_object().empty()) {
    auto compiled = Query::parse(view->query, operators);
    if (!compiled || view->group || !refusal_of_view_query(*compiled).empty()) return std::nullopt;
    query = std::move(*compiled);
  }
  std::shared_ptr<const ViewPlan> plan = plan_of(state, *view, std::move(query));
  if (looks_of(state, *plan) <= kTestsAtOnceMax) return std::nullopt;
  return ViewPreparation(std::move(*view), std::move(plan));
}

bool ViewPreparation::run(const State& base, const std::function<bool()>& give_up) {
  std::optional<ViewTally> tally = tally_of(base, *view_, *plan_, give_up);
  if (tally) tally_ = std::move(*tally);
  return tally.has_value();
}

void ViewPreparation::note(const Memberships::Moves& moves) {
  if (plan_->over != ViewPlan::Over::Group) return;
  if (std::ranges::binary_search(moves.relisted, plan_->group)) relisted_ = true;
  for (const MemberMove& move : moves.told) {
    if (move.group == plan_->group) moved_.insert(move.resource);
  }
}

std::optional<PreparedView> ViewPreparation::finish(const State& base, const State& now,
                                                    const std::set<Uuid>& changed,
                                                    const std::set<Uuid>& renamed) const {
  const bool is_gone =
      plan_->over == ViewPlan::Over::Group && !now.group_numbers.contains(plan_->group);
  if (relisted_ || is_gone) return std::nullopt;
  if (reads_owner(*plan_) &&
      std::ranges::any_of(renamed, [&](const Uuid& uuid) { return now.agents.contains(uuid); })) {
    return std::nullopt;
  }
  PreparedView prepared{view_, tally_};
  std::set<Uuid> concerned = changed;
  concerned.insert(moved_.begin(), moved_.end());
  const auto contribution = [&](const State& state, const Uuid& uuid) {
    const Shared<Resource>* resource = state.resources.get(uuid);
    return resource && is_over(state, *plan_, **resource)
               ? std::optional(plan_->reader.read(**resource))
               : std::nullopt;
  };
  for (const Uuid& uuid : concerned) {
    const auto taken = contribution(base, uuid), added = contribution(now, uuid);
    if (taken == added) continue;
    if (added) prepared.tally.add(*added);
    if (taken) prepared.tally.remove(*taken);
  }
  return prepared;
}

}  // namespace storm
