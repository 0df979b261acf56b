#include "core/engine/preparation.hpp"

#include "core/engine/resource_search.hpp"

namespace storm {
namespace {

// The group's filter after the command; null when it does not become one.
struct Wish {
  const Value* filter = nullptr;
  const LiveGroup* known = nullptr;
};

const LiveGroup* find_group(const State& state, const std::string& reference) {
  const auto uuid = state.find(EntityKind::Group, reference);
  return uuid ? state.groups.get(*uuid) : nullptr;
}

Wish wish_of(const Command& command, const State& state) {
  Wish wish;
  const Value* body = nullptr;
  if (const auto* create = std::get_if<CreateEntity>(&command)) {
    if (create->kind == EntityKind::Group) body = &create->body;
  } else if (const auto* replace = std::get_if<ReplaceEntity>(&command)) {
    if (replace->kind != EntityKind::Group) return wish;
    wish.known = find_group(state, replace->reference);
    body = &replace->body;
  } else if (const auto* change = std::get_if<ChangeMembers>(&command)) {
    wish.known = find_group(state, change->group);
  }
  if (body && body->is_object()) wish.filter = body->find("query");
  if (!wish.filter && wish.known) wish.filter = &wish.known->group->query;
  return wish;
}

}  // namespace

std::shared_ptr<Preparation> Preparation::of(const Command& command, const State& state,
                                             const OperatorSet& operators,
                                             std::size_t group_tests_max) {
  if (state.resources.size() <= kTestsAtOnceMax) return nullptr;
  if (auto view = ViewPreparation::of(command, state, operators))
    return std::shared_ptr<Preparation>(new Preparation(std::move(*view)));
  const Wish wish = wish_of(command, state);
  if (!wish.filter || !wish.filter->is_object() || wish.filter->as_object().empty()) return nullptr;
  auto query = Query::parse(*wish.filter, operators);
  // What depends on other groups and relatives is not only a matter of what changed.
  if (!query || query->relations() != 0 || !query->groups().empty()) return nullptr;
  if (query->reads_only(kClassFields)) return nullptr;  // classes tell
  const std::size_t tests = ResourceSearch(state, *query).tests();
  if (tests <= kTestsAtOnceMax || tests > group_tests_max) return nullptr;
  return std::shared_ptr<Preparation>(
      new Preparation(GroupFilter{*wish.filter, std::move(*query)}));
}

bool Preparation::run(const std::function<bool()>& give_up, Scans* scans) {
  if (view_) return view_->run(*base_, give_up);
  ResourceSearch search(*base_, group_->query, scans);
  if (!search.run(give_up)) return false;
  for (const Shared<Resource>& resource : search.take())
    matches_.insert_or_assign(resource->id.uuid);
  return true;
}

void Preparation::note(const Change& change) {
  for (const Id& id : change.touched().entities) {
    if (id.kind == EntityKind::Resource) changed_.insert(id.uuid);
  }
  renamed_.insert(change.renamed().begin(), change.renamed().end());
  if (view_) view_->note(change.moves());
}

Prepared Preparation::finish(const State& state) const {
  if (view_) return {{}, view_->finish(*base_, state, changed_, renamed_)};
  return {PreparedMatches{group_->filter, matches_now(state)}, {}};
}

Matches Preparation::matches_now(const State& state) const {
  Matches matches = matches_;
  std::set<Uuid> changed = changed_;
  for (const Uuid& target : renamed_) {
    for (auto at = state.references.lower_bound(std::pair(target, Uuid{}));
         at != state.references.end() && at->first == target; ++at) {
      changed.insert(at->second);
    }
    if (!state.agents.contains(target)) continue;
    for (const SharedClass& traits : state.ordered_classes) {
      if (!traits->owner || traits->owner->uuid != target) continue;
      for (const Shared<Resource>& resource : state.classes.get(traits->number)->resources)
        changed.insert(resource->id.uuid);
    }
  }
  const MemberTree members = snapshot_members_of(group_->query);
  for (const Uuid& uuid : changed) {
    const auto* resource = state.resources.get(uuid);
    if (resource && group_->query.matches(*resource_view(state, **resource, &members))) {
      matches.insert_or_assign(uuid);
    } else {
      matches.erase(uuid);
    }
  }
  return matches;
}

}  // namespace storm
