#include "core/engine/live_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/base/assert.hpp"
#include "core/engine/members.hpp"
#include "core/engine/resource_search.hpp"
#include "core/engine/state.hpp"

namespace storm {
namespace {

constexpr std::string_view kOwner = "owner";

bool holds(const GroupNumbers* groups, std::uint32_t number) {
  return groups && std::ranges::binary_search(*groups, number);
}

// Between two looks at whether to give up.
constexpr std::size_t kBetweenLooks = 256;

// Resources that say the same to a view are added at once. Each answers false to give up.
class Sweep {
 public:
  Sweep(const ContributionReader& reader, ViewTally& tally, const std::function<bool()>& give_up)
      : reader_(reader), tally_(tally), give_up_(give_up) {}

  bool add_class(const LiveClass& live) {
    if (live.resources.empty()) return true;
    if (reader_.by_class()) {
      tally_.add(reader_.read(**live.resources.begin()),
                 static_cast<std::int64_t>(live.resources.size()));
      return true;
    }
    for (const Shared<Resource>& resource : live.resources) {
      if (!add(resource)) return false;
    }
    return true;
  }
  bool add(const Shared<Resource>& resource) {
    if (++looks_ % kBetweenLooks == 0 && give_up_ && give_up_()) return false;
    if (!reader_.by_class()) {
      tally_.add(reader_.read(*resource));
      return true;
    }
    auto& [like, count] = alike_[resource->class_number];
    like = resource;
    ++count;
    return true;
  }
  void finish() {
    for (const auto& [number, alike] : alike_) tally_.add(reader_.read(*alike.first), alike.second);
  }

 private:
  const ContributionReader& reader_;
  ViewTally& tally_;
  const std::function<bool()>& give_up_;
  std::size_t looks_ = 0;
  std::unordered_map<std::uint32_t, std::pair<Shared<Resource>, std::int64_t>> alike_;
};

const LiveGroup& group_of(const State& state, const ViewPlan& plan) {
  return *state.groups.get(*state.group_numbers.get(plan.group));
}

// Requires: for a view over a group, the groups of the resource.
bool is_over(const State& state, const ViewPlan& plan, const Resource& resource,
             const GroupNumbers* groups) {
  switch (plan.over) {
    case ViewPlan::Over::All:
      return true;
    case ViewPlan::Over::Group:
      return holds(groups, plan.group);
    case ViewPlan::Over::Query:
      break;
    case ViewPlan::Over::Nothing:
      return false;
  }
  if (const LiveClass* live = state.classes.get(resource.class_number)) {
    const Truth truth = plan.query->decide(ValueView(live->traits->document), kClassFields);
    if (truth != Truth::Depends) return truth == Truth::Yes;
  }
  return plan.query->matches(*resource_view(state, resource, &plan.snapshot_members));
}

}  // namespace

std::string refusal_of_view_query(const Query& query) {
  constexpr std::string_view kInstead = "make a group of this query, and a view of that group";
  if (!query.groups().empty())
    return fmt::format("A view's query cannot ask for $group; {}.", kInstead);
  for (const Relation relation : kAllRelations) {
    if ((query.relations() & static_cast<std::uint8_t>(relation)) != 0)
      return fmt::format("A view's query cannot ask for ${}; {}.", name_of(relation), kInstead);
    if (relation != Relation::Owner &&
        std::ranges::binary_search(query.fields(), name_of(relation))) {
      return fmt::format("A view's query cannot ask for \"{}\"; {}.", name_of(relation), kInstead);
    }
  }
  if (query.reads_names())
    return fmt::format("A view's query cannot ask which fields there are; {}.", kInstead);
  return {};
}

bool reads_owner(const ViewPlan& plan) {
  return plan.query && std::ranges::binary_search(plan.query->fields(), kOwner);
}

std::shared_ptr<const ViewPlan> plan_of(const State& state, const View& view,
                                        std::optional<Query> query) {
  ViewPlan plan{
      .query = std::move(query), .snapshot_members = {}, .reader = ContributionReader(view)};
  if (view.group) {
    plan.over = ViewPlan::Over::Group;
    plan.group = state.groups.get(view.group->uuid)->group->number;
  } else if (!view.query.as_object().empty()) {
    plan.over = plan.query ? ViewPlan::Over::Query : ViewPlan::Over::Nothing;
    if (plan.query) plan.snapshot_members = snapshot_members_of(*plan.query);
  }
  return std::make_shared<const ViewPlan>(std::move(plan));
}

std::size_t looks_of(const State& state, const ViewPlan& plan) {
  switch (plan.over) {
    case ViewPlan::Over::All:
      return plan.reader.by_class() ? 0 : state.resources.size();
    case ViewPlan::Over::Group: {
      const LiveGroup& group = group_of(state, plan);
      return group.by_class && plan.reader.by_class() ? 0 : member_count(state, group);
    }
    case ViewPlan::Over::Query:
      return plan.reader.by_class() ? ResourceSearch(state, *plan.query).tests()
                                    : state.resources.size();
    case ViewPlan::Over::Nothing:
      break;
  }
  return 0;
}

std::optional<ViewTally> tally_of(const State& state, const View& view, const ViewPlan& plan,
                                  const std::function<bool()>& give_up) {
  ViewTally tally(view.measure);
  Sweep sweep(plan.reader, tally, give_up);
  bool complete = true;
  switch (plan.over) {
    case ViewPlan::Over::All:
      for (const auto& [number, live] : state.classes) {
        complete = sweep.add_class(live);
        if (!complete) break;
      }
      break;
    case ViewPlan::Over::Group: {
      const LiveGroup& group = group_of(state, plan);
      if (group.by_class) {
        complete = std::ranges::all_of(group.classes, [&](std::uint32_t number) {
          return sweep.add_class(*state.classes.get(number));
        });
      } else {
        complete = each_member(state, group, [&](const auto& member) { return sweep.add(member); });
      }
      break;
    }
    case ViewPlan::Over::Query: {
      ResourceSearch search(state, *plan.query);
      complete = search.run([&] {
        return give_up && give_up();
      }) && std::ranges::all_of(search.take(), [&](const auto& found) { return sweep.add(found); });
      break;
    }
    case ViewPlan::Over::Nothing:
      break;
  }
  if (!complete) return std::nullopt;
  sweep.finish();
  return tally;
}

bool is_over(const State& state, const ViewPlan& plan, const Resource& resource) {
  if (plan.over == ViewPlan::Over::Group) return is_member(state, group_of(state, plan), resource);
  return is_over(state, plan, resource, nullptr);
}

void LiveViews::put(View view, std::optional<Query> query, const ViewTally* found) {
  LiveView live;
  live.plan = plan_of(state_, view, std::move(query));
  live.tally = found ? *found : *tally_of(state_, view, *live.plan);
  const Uuid uuid = view.id.uuid;
  live.view = std::make_shared<const View>(std::move(view));
  state_.views.put(uuid, std::move(live));
}

void LiveViews::recompute(const Uuid& view) {
  const LiveView& live = *state_.views.get(view);
  ViewTally tally = *tally_of(state_, *live.view, *live.plan);
  state_.views.edit(view, [&](LiveView& edited) { edited.tally = std::move(tally); });
}

void LiveViews::follow(const Resource* before, const Resource* after,
                       const GroupNumbers* groups_before, const GroupNumbers* groups_after) {
  if (state_.views.empty()) return;
  struct Step {
    Uuid view;
    std::optional<Contribution> taken, added;
  };
  std::vector<Step> steps;
  for (const auto& [uuid, live] : state_.views) {
    const ViewPlan& plan = *live.plan;
    const bool was = before && is_over(state_, plan, *before, groups_before);
    const bool is = after && is_over(state_, plan, *after, groups_after);
    if (!was && !is) continue;
    if (was && is && plan.reader.by_class() && before->class_number == after->class_number)
      continue;
    Step step{uuid, {}, {}};
    if (was) step.taken = plan.reader.read(*before);
    if (is) step.added = plan.reader.read(*after);
    if (step.taken != step.added) steps.push_back(std::move(step));
  }
  for (const Step& step : steps) {
    state_.views.edit(step.view, [&](LiveView& live) {
      if (step.added) live.tally.add(*step.added);
      if (step.taken) live.tally.remove(*step.taken);
    });
  }
}

void LiveViews::follow_moves(std::span<const MemberMove> moves, const GroupNumbers& relisted) {
  if (state_.views.empty()) return;
  std::set<Uuid> again;
  struct Step {
    Uuid view;
    Contribution contribution;
    bool joined = false;
  };
  std::vector<Step> steps;
  for (const auto& [uuid, live] : state_.views) {
    const ViewPlan& plan = *live.plan;
    if (plan.over != ViewPlan::Over::Group) continue;
    if (holds(&relisted, plan.group)) again.insert(uuid);
    for (const MemberMove& move : moves) {
      if (move.group != plan.group || again.contains(uuid)) continue;
      const auto* resource = state_.resources.get(move.resource);
      STORM_ASSERT(resource);
      steps.push_back({uuid, plan.reader.read(**resource), move.joined});
    }
  }
  for (const Step& step : steps) {
    state_.views.edit(step.view, [&](LiveView& live) {
      live.tally.add(step.contribution, step.joined ? 1 : -1);
    });
  }
  for (const Uuid& uuid : again) recompute(uuid);
}

void LiveViews::follow_owners() {
  std::vector<Uuid> readers;
  for (const auto& [uuid, live] : state_.views) {
    if (reads_owner(*live.plan)) readers.push_back(uuid);
  }
  for (const Uuid& uuid : readers) recompute(uuid);
}

}  // namespace storm
