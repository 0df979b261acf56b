#include "core/engine/memberships.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "core/base/assert.hpp"
#include "core/engine/class_plan.hpp"
#include "core/engine/members.hpp"
#include "core/engine/resource_search.hpp"

namespace storm {
namespace {

// Relations inside each other, and groups by relations that ask for groups by relations.
constexpr std::size_t kRelationLevelsMax = 32;

const GroupNumbers kNone;

const GroupNumbers& list(const Shared<GroupNumbers>& groups) { return groups ? *groups : kNone; }

Shared<GroupNumbers> share(GroupNumbers groups) {
  return groups.empty() ? nullptr : std::make_shared<const GroupNumbers>(std::move(groups));
}

bool holds(const GroupNumbers& groups, std::uint32_t number) {
  return std::ranges::binary_search(groups, number);
}

GroupNumbers with(const GroupNumbers& groups, std::uint32_t number) {
  GroupNumbers more;
  more.reserve(groups.size() + 1);
  const auto at = std::ranges::lower_bound(groups, number);
  more.insert(more.end(), groups.begin(), at);
  more.push_back(number);
  more.insert(more.end(), at, groups.end());
  return more;
}

GroupNumbers without(GroupNumbers groups, std::uint32_t number) {
  std::erase(groups, number);
  return groups;
}

void tidy(GroupNumbers& groups) {
  std::ranges::sort(groups);
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
}

Shared<GroupNumbers> merged(const Shared<GroupNumbers>& a, const Shared<GroupNumbers>& b) {
  if (!a || !b) return a ? a : b;
  GroupNumbers both;
  both.reserve(a->size() + b->size());
  std::ranges::merge(*a, *b, std::back_inserter(both));
  return std::make_shared<const GroupNumbers>(std::move(both));
}

// Edits lists that many classes share: classes whose lists were one list share the new one too.
class SharedEdit {
 public:
  explicit SharedEdit(std::uint32_t number) : number_(number) {}
  Shared<GroupNumbers> add(const Shared<GroupNumbers>& groups) {
    if (holds(list(groups), number_)) return groups;
    return edited(groups, [&] { return with(list(groups), number_); });
  }
  Shared<GroupNumbers> remove(const Shared<GroupNumbers>& groups) {
    if (!holds(list(groups), number_)) return groups;
    return edited(groups, [&] { return without(list(groups), number_); });
  }

 private:
  template <typename Make>
  Shared<GroupNumbers> edited(const Shared<GroupNumbers>& groups, const Make& make) {
    const auto [known, is_new] = done_.try_emplace(groups.get());
    if (is_new) known->second = {groups, share(make())};
    return known->second.second;
  }

  const std::uint32_t number_;
  // The old list is kept, so that no other one takes its address.
  std::unordered_map<const GroupNumbers*, std::pair<Shared<GroupNumbers>, Shared<GroupNumbers>>>
      done_;
};

}  // namespace

Memberships::Decision Memberships::decide(const ResourceClass& traits) const {
  Decision decision;
  const ValueView view(traits.document);
  for (const std::uint32_t number : index_.of_class(view)) {
    const GroupIndex::Entry* entry = index_.find(number);
    if (entry->query.decide(view, kClassFields) == Truth::No) continue;
    (entry->by_class ? decision.groups : decision.undecided).push_back(number);
  }
  return decision;
}

bool Memberships::is_by_class(const Group& group, const std::optional<Query>& query) {
  return query && group.include.empty() && group.exclude.empty() && query->reads_only(kClassFields);
}

const LiveGroup& Memberships::group(std::uint32_t number) const {
  return *state_.groups.get(*state_.group_numbers.get(number));
}

void Memberships::edit_group(std::uint32_t number, const std::function<void(LiveGroup&)>& change) {
  state_.groups.edit(*state_.group_numbers.get(number), change);
}

std::uint32_t Memberships::classify(const Resource& resource) {
  if (const SharedClass* known = state_.ordered_classes.find(&resource)) return (*known)->number;
  ResourceClass made = class_of(resource);
  made.number = ++state_.last_class_number;
  made.document = class_document(state_, made);
  LiveClass live;
  live.traits = std::make_shared<const ResourceClass>(std::move(made));
  Decision decision = decide(*live.traits);
  for (const std::uint32_t number : decision.groups) {
    edit_group(number,
               [&](LiveGroup& edited) { edited.classes.insert_or_assign(live.traits->number); });
  }
  // Neighbours often belong to the same groups.
  const auto next = state_.ordered_classes.lower_bound(live.traits.get());
  const LiveClass* neighbour =
      next == state_.ordered_classes.end() ? nullptr : state_.classes.get((*next)->number);
  const auto shared = [](const Shared<GroupNumbers>* known, GroupNumbers groups) {
    return known && *known && **known == groups ? *known : share(std::move(groups));
  };
  live.groups = shared(neighbour ? &neighbour->groups : nullptr, std::move(decision.groups));
  live.undecided =
      shared(neighbour ? &neighbour->undecided : nullptr, std::move(decision.undecided));
  const std::uint32_t number = live.traits->number;
  state_.ordered_classes.insert_or_assign(live.traits);
  state_.classes.put(number, std::move(live));
  ++state_.empty_classes;
  return number;
}

void Memberships::enter(const Shared<Resource>& resource) {
  const bool is_listed = state_.listed_in.contains(resource->id.uuid);
  state_.classes.edit(resource->class_number, [&](LiveClass& live) {
    if (live.resources.empty()) --state_.empty_classes;
    live.resources.insert_or_assign(resource);
    if (is_listed) ++live.listed;
  });
}

void Memberships::leave(const Shared<Resource>& resource) {
  const bool is_listed = state_.listed_in.contains(resource->id.uuid);
  state_.classes.edit(resource->class_number, [&](LiveClass& live) {
    live.resources.erase(resource.get());
    if (is_listed) --live.listed;
    if (live.resources.empty()) ++state_.empty_classes;
  });
}

void Memberships::set_listed_in(const Uuid& resource, std::uint32_t class_number,
                                GroupNumbers groups) {
  const bool was_listed = state_.listed_in.contains(resource);
  const bool is_listed = !groups.empty();
  if (is_listed) {
    state_.listed_in.put(resource, share(std::move(groups)));
  } else if (was_listed) {
    state_.listed_in.erase(resource);
  }
  if (was_listed == is_listed || class_number == 0) return;
  state_.classes.edit(
      class_number, [&](LiveClass& live) { live.listed += is_listed ? 1 : std::uint64_t{0} - 1; });
}

// Requires: a group with members one by one.
bool Memberships::test(std::uint32_t number, const Resource& resource,
                       const DocumentView& view) const {
  const GroupIndex::Entry* entry = index_.find(number);
  const auto matches = [&] { return entry && entry->query.matches(view); };
  if (!index_.has_lists(number)) return matches();
  const LiveGroup& live = group(number);
  if (live.excluded.contains(resource.id.uuid)) return false;
  return live.included.contains(resource.id.uuid) || matches();
}

Memberships::Groups Memberships::follow(const Shared<Resource>& before,
                                        const Shared<Resource>& after) {
  const Uuid uuid = after ? after->id.uuid : before->id.uuid;
  const SharedNumbers* known = state_.listed_in.get(uuid);
  const SharedNumbers listed_before = known ? *known : nullptr;
  const auto of_class = [&](const Shared<Resource>& resource) {
    return resource ? state_.classes.get(resource->class_number)->groups : nullptr;
  };
  Groups groups;
  groups.before = merged(of_class(before), listed_before);
  if (before) leave(before);
  if (after) enter(after);

  if (!index_.dependent().empty()) changed_.insert(uuid);

  GroupNumbers listed;
  if (after) {
    const std::unique_ptr<DocumentView> view =
        resource_view(state_, *after, &index_.snapshot_members());
    GroupNumbers asked = list(listed_before);
    index_.of_values(*view, asked);
    const GroupNumbers& undecided = list(state_.classes.get(after->class_number)->undecided);
    asked.insert(asked.end(), undecided.begin(), undecided.end());
    index_.listing(uuid, asked);
    listed = test_listed(*after, *view, std::move(asked), list(listed_before), false);
  } else {
    for (const std::uint32_t number : list(listed_before))
      edit_group(number, [&](LiveGroup& edited) { edited.members.erase(uuid); });
  }
  if (listed != list(listed_before))
    set_listed_in(uuid, after ? after->class_number : 0, std::move(listed));
  const SharedNumbers* now = state_.listed_in.get(uuid);
  groups.after = now && *now == listed_before && of_class(before) == of_class(after)
                     ? groups.before
                     : merged(of_class(after), now ? *now : nullptr);
  return groups;
}

// Tests the groups that are asked and brings their members up to date. The groups among them and
// among `before` of which the resource is a member now.
GroupNumbers Memberships::test_listed(const Resource& resource, const DocumentView& view,
                                      GroupNumbers asked, const GroupNumbers& before, bool tell) {
  const bool all_asked = !tell;  // a change of the resource itself
  const Uuid& uuid = resource.id.uuid;
  tidy(asked);
  GroupNumbers listed = before;
  const auto ask = [&](std::uint32_t number) {
    const bool member = test(number, resource, view);
    if (member == holds(before, number)) return;
    listed = member ? with(listed, number) : without(std::move(listed), number);
    edit_group(number, [&](LiveGroup& edited) {
      if (member) {
        edited.members.insert_or_assign(uuid);
      } else {
        edited.members.erase(uuid);
      }
    });
    if (tell) move(number, uuid, member);
  };
  for (const std::uint32_t number : asked) {
    if (index_.order().empty() || !index_.dependent().contains(number)) ask(number);
  }
  // Those that ask for other groups after them: their members may have changed. None that the index
  // rules out has it.
  for (const std::uint32_t number : index_.order()) {
    if (!all_asked || holds(asked, number) || holds(before, number)) ask(number);
  }
  return listed;
}

// Whether it belongs to other groups now.
bool Memberships::retest(const Shared<Resource>& resource, const GroupNumbers& groups) {
  const Uuid& uuid = resource->id.uuid;
  const SharedNumbers* known = state_.listed_in.get(uuid);
  const SharedNumbers before = known ? *known : nullptr;
  GroupNumbers asked;
  std::ranges::copy_if(groups, std::back_inserter(asked),
                       [&](std::uint32_t number) { return !group(number).by_class; });
  const std::unique_ptr<DocumentView> view =
      resource_view(state_, *resource, &index_.snapshot_members());
  GroupNumbers listed = test_listed(*resource, *view, std::move(asked), list(before), true);
  if (listed == list(before)) return false;
  set_listed_in(uuid, resource->class_number, std::move(listed));
  return true;
}

void Memberships::move(std::uint32_t group, const Uuid& resource, bool joined) {
  std::size_t& told = told_[group];
  if (told == kMovesToldMax) {
    std::erase_if(moves_.told, [&](const MemberMove& known) { return known.group == group; });
    moves_.relisted.insert(std::ranges::lower_bound(moves_.relisted, group), group);
  }
  if (told++ < kMovesToldMax) moves_.told.push_back({group, resource, joined});
}

void Memberships::move_class(std::uint32_t group, const LiveClass& live, bool joined) {
  for (const Shared<Resource>& resource : live.resources) {
    if (told_[group] > kMovesToldMax) return;
    move(group, resource->id.uuid, joined);
  }
}

Memberships::Moves Memberships::take_moves() {
  told_.clear();
  return std::exchange(moves_, {});
}

// That it does not rule out.
std::vector<std::uint32_t> Memberships::classes_of(const Query& query) const {
  std::vector<std::uint32_t> numbers;
  each_class(state_, query,
             [&](const LiveClass& live, Truth) { numbers.push_back(live.traits->number); });
  return numbers;
}

PersistentSet<std::uint32_t> Memberships::enter_classes(std::uint32_t number) {
  PersistentSet<std::uint32_t> entered;
  const GroupIndex::Entry& entry = *index_.find(number);
  if (entry.route != GroupIndex::Route::Class && entry.route != GroupIndex::Route::Within)
    return entered;
  SharedEdit edit(number);
  for (const std::uint32_t of : classes_of(entry.query)) {
    state_.classes.edit(of, [&](LiveClass& live) {
      SharedNumbers& groups = entry.by_class ? live.groups : live.undecided;
      groups = edit.add(groups);
    });
    if (entry.by_class) entered.insert_or_assign(of);
  }
  return entered;
}

// Requires: the group is in the index as it was.
void Memberships::leave_classes(std::uint32_t number, const LiveGroup& group) {
  const GroupIndex::Entry* entry = index_.find(number);
  if (!entry) return;
  SharedEdit edit(number);
  if (entry->by_class) {
    for (const std::uint32_t of : group.classes) {
      state_.classes.edit(of, [&](LiveClass& live) { live.groups = edit.remove(live.groups); });
    }
  } else if (entry->route == GroupIndex::Route::Within) {
    for (const std::uint32_t of : classes_of(entry->query)) {
      state_.classes.edit(of,
                          [&](LiveClass& live) { live.undecided = edit.remove(live.undecided); });
    }
  }
}

PersistentSet<Uuid> Memberships::find_members(const LiveGroup& live, const Matches* matches) const {
  PersistentSet<Uuid> members;
  const auto admit = [&](const Uuid& uuid) {
    if (state_.resources.contains(uuid) && !live.excluded.contains(uuid))
      members.insert_or_assign(uuid);
  };
  if (matches) {
    for (const Uuid& uuid : *matches) admit(uuid);
  } else if (live.query) {
    for (const Shared<Resource>& resource : ResourceSearch::all(state_, *live.query))
      admit(resource->id.uuid);
  }
  for (const Uuid& uuid : live.included) admit(uuid);
  return members;
}

void Memberships::put(Group group, std::optional<Query> query, const Matches* matches) {
  const Uuid uuid = group.id.uuid;
  const std::uint32_t number = group.number;
  const LiveGroup* known = state_.groups.get(uuid);
  if (known && known->group->query == group.query && known->group->include == group.include &&
      known->group->exclude == group.exclude) {
    std::vector<std::string> names = names_of(*known);
    const bool is_renamed = known->group->name != group.name;
    state_.groups.edit(uuid, [&](LiveGroup& live) {
      live.group = std::make_shared<const Group>(std::move(group));
    });
    if (!is_renamed || index_.dependent().empty()) return;
    for (std::string& name : names_of(*state_.groups.get(uuid))) names.push_back(std::move(name));
    order_dependent();
    recompute_dependent(names);
    return;
  }
  const LiveGroup before = known ? *known : LiveGroup();
  LiveGroup after;
  after.by_class = is_by_class(group, query);
  std::set<Uuid> listed;
  for (const Id& item : group.include)
    after.included.insert_or_assign(item.uuid), listed.insert(item.uuid);
  for (const Id& item : group.exclude)
    after.excluded.insert_or_assign(item.uuid), listed.insert(item.uuid);
  after.query = std::move(query);
  after.group = std::make_shared<const Group>(std::move(group));

  leave_classes(number, before);
  index_.remove(number);
  index_.set_listed(number, std::move(listed));
  if (after.query) {
    index_.add(number, *after.query, after.by_class);
    after.classes = enter_classes(number);
  }
  if (!after.by_class) after.members = find_members(after, matches);
  std::vector<std::string> names = names_of(after);
  if (known && before.group->name) names.push_back(*before.group->name);
  replace(before, std::move(after));
  if (index_.dependent().empty()) return;
  order_dependent();
  recompute_dependent(names);
}

// Puts a group's new members in the place of the old ones.
void Memberships::replace(const LiveGroup& before, LiveGroup after) {
  const std::uint32_t number = after.group->number;
  tell_moves(before, after);
  const auto set_listed = [&](const Uuid& resource, bool member) {
    const SharedNumbers* groups = state_.listed_in.get(resource);
    const GroupNumbers& now = groups ? **groups : kNone;
    const auto* found = state_.resources.get(resource);
    set_listed_in(resource, found ? (*found)->class_number : 0,
                  member ? with(now, number) : without(now, number));
  };
  for (const Uuid& member : before.members) {
    if (!after.members.contains(member)) set_listed(member, false);
  }
  for (const Uuid& member : after.members) {
    if (!before.members.contains(member)) set_listed(member, true);
  }
  const Uuid uuid = after.group->id.uuid;
  state_.groups.put(uuid, std::move(after));
}

void Memberships::recompute(std::uint32_t number) {
  const LiveGroup before = group(number);
  LiveGroup after = before;
  after.members = find_members(after, nullptr);
  replace(before, std::move(after));
}

std::vector<std::string> Memberships::names_of(const LiveGroup& group) const {
  std::vector<std::string> names = {group.group->id.to_string()};
  if (group.group->name) names.push_back(*group.group->name);
  return names;
}

// Each after the groups whose members it asks for; there are no cycles.
void Memberships::order_dependent() {
  GroupNumbers order;
  std::set<std::uint32_t> placed;
  const std::function<void(std::uint32_t)> place = [&](std::uint32_t number) {
    if (!index_.dependent().contains(number) || !placed.insert(number).second) return;
    for (const std::string& name : index_.find(number)->query.groups()) {
      if (const auto asked = state_.find(EntityKind::Group, name))
        place(state_.groups.get(*asked)->group->number);
    }
    order.push_back(number);
  };
  for (const std::uint32_t number : index_.dependent()) place(number);
  index_.set_order(std::move(order));
}

// Those that ask for a group of one of these names, and those that ask for them.
void Memberships::recompute_dependent(std::span<const std::string> names) {
  std::set<std::string> asked(names.begin(), names.end());
  for (const std::uint32_t number : GroupNumbers(index_.order())) {
    const std::vector<std::string>& groups = index_.find(number)->query.groups();
    if (std::ranges::none_of(groups, [&](const auto& name) { return asked.contains(name); }))
      continue;
    recompute(number);
    for (std::string& name : names_of(group(number))) asked.insert(std::move(name));
  }
}

void Memberships::tell_moves(const LiveGroup& before, const LiveGroup& after) {
  const std::uint32_t number = after.group->number;
  if (before.by_class && after.by_class) {
    for (const std::uint32_t of : before.classes) {
      if (!after.classes.contains(of)) move_class(number, *state_.classes.get(of), false);
    }
    for (const std::uint32_t of : after.classes) {
      if (!before.classes.contains(of)) move_class(number, *state_.classes.get(of), true);
    }
    return;
  }
  const auto in = [](const LiveGroup& live, const Resource& resource) {
    return live.by_class ? live.classes.contains(resource.class_number)
                         : live.members.contains(resource.id.uuid);
  };
  const auto tell = [&](const LiveGroup& from, const LiveGroup& other, bool joined) {
    each_member(state_, from, [&](const Shared<Resource>& resource) {
      if (!in(other, *resource)) move(number, resource->id.uuid, joined);
      return told_[number] <= kMovesToldMax;
    });
  };
  tell(before, after, false);
  tell(after, before, true);
}

void Memberships::remove(const Uuid& uuid) {
  const LiveGroup live = *state_.groups.get(uuid);
  const std::uint32_t number = live.group->number;
  leave_classes(number, live);
  for (const Uuid& member : live.members) {
    const auto* resource = state_.resources.get(member);
    set_listed_in(member, resource ? (*resource)->class_number : 0,
                  without(**state_.listed_in.get(member), number));
  }
  index_.remove(number);
  index_.set_listed(number, {});
  state_.groups.erase(uuid);
  state_.group_numbers.erase(number);
  if (index_.dependent().empty()) return;
  order_dependent();
  recompute_dependent(names_of(live));
}

void Memberships::follow_names(std::span<const Uuid> renamed) {
  static constexpr std::string_view kReferences[] = {"cluster", "host", "parent"};
  std::set<Uuid> referrers;
  for (const Uuid& target : renamed) {
    if (state_.agents.contains(target)) rename_owner({EntityKind::Agent, target});
    for (auto at = state_.references.lower_bound(std::pair(target, Uuid{}));
         at != state_.references.end() && at->first == target; ++at) {
      referrers.insert(at->second);
    }
  }
  if (referrers.empty()) return;
  const GroupNumbers readers = index_.readers(kReferences);
  if (readers.empty()) return;
  for (const Uuid& uuid : referrers) {
    const auto* resource = state_.resources.get(uuid);
    if (resource) retest(Shared<Resource>(*resource), readers);
  }
}

void Memberships::follow_relatives(std::span<const Uuid> owners) {
  std::set<Uuid> changed = std::exchange(changed_, {});
  constexpr auto kOwner = static_cast<std::uint8_t>(Relation::Owner);
  GroupNumbers followers, of_owners;
  bool through_others = false;  // somebody asks for the owner of a relative
  for (const std::uint32_t number : index_.dependent()) {
    const std::uint8_t relations = index_.find(number)->query.relations();
    if (relations == 0) continue;
    followers.push_back(number);
    if ((relations & kOwner) == 0) continue;
    of_owners.push_back(number);
    through_others = through_others || relations != kOwner;
  }
  if (followers.empty()) return;
  for (const Uuid& owner : owners) {
    if (of_owners.empty()) break;
    for (const SharedClass& traits : state_.ordered_classes) {
      if (!traits->owner || traits->owner->uuid != owner) continue;
      const ResourceSet resources = state_.classes.get(traits->number)->resources;
      for (const Shared<Resource>& resource : resources) {
        if (retest(resource, of_owners) || through_others) changed.insert(resource->id.uuid);
      }
    }
  }
  // A relation may be asked for through others, and the membership that it decides by others again.
  for (std::size_t level = 0; level < kRelationLevelsMax && !changed.empty(); ++level) {
    std::set<Uuid> referrers;
    for (const Uuid& target : changed) {
      for (auto at = state_.references.lower_bound(std::pair(target, Uuid{}));
           at != state_.references.end() && at->first == target; ++at) {
        referrers.insert(at->second);
      }
    }
    for (const Uuid& uuid : referrers) {
      if (const auto* resource = state_.resources.get(uuid))
        retest(Shared<Resource>(*resource), followers);
    }
    changed = std::move(referrers);
  }
}

void Memberships::rename_owner(const Id& owner) {
  static constexpr std::string_view kOwner[] = {"owner"};
  const GroupNumbers readers = index_.readers(kOwner);
  std::vector<std::uint32_t> concerned;
  for (const SharedClass& traits : state_.ordered_classes) {
    if (traits->owner == owner) concerned.push_back(traits->number);
  }
  for (const std::uint32_t number : concerned) {
    ResourceClass traits = *state_.classes.get(number)->traits;
    traits.document = class_document(state_, traits);
    const SharedClass renamed = std::make_shared<const ResourceClass>(std::move(traits));
    state_.ordered_classes.insert_or_assign(renamed);
    state_.classes.edit(number, [&](LiveClass& live) { live.traits = renamed; });
    decide_again(number);
    if (readers.empty() && index_.dependent().empty()) continue;
    const ResourceSet resources = state_.classes.get(number)->resources;
    for (const Shared<Resource>& resource : resources) {
      retest(resource, readers);
      changed_.insert(resource->id.uuid);
    }
  }
}

void Memberships::decide_again(std::uint32_t class_number) {
  const LiveClass before = *state_.classes.get(class_number);
  Decision decision = decide(*before.traits);
  GroupNumbers joined, left;
  std::ranges::set_difference(decision.groups, list(before.groups), std::back_inserter(joined));
  std::ranges::set_difference(list(before.groups), decision.groups, std::back_inserter(left));
  for (const std::uint32_t number : joined) {
    edit_group(number, [&](LiveGroup& edited) { edited.classes.insert_or_assign(class_number); });
    move_class(number, before, true);
  }
  for (const std::uint32_t number : left) {
    edit_group(number, [&](LiveGroup& edited) { edited.classes.erase(class_number); });
    move_class(number, before, false);
  }
  state_.classes.edit(class_number, [&](LiveClass& live) {
    if (!joined.empty() || !left.empty()) live.groups = share(std::move(decision.groups));
    if (decision.undecided != list(live.undecided))
      live.undecided = share(std::move(decision.undecided));
  });
}

void Memberships::sweep() {
  const std::size_t used = state_.classes.size() - state_.empty_classes;
  if (state_.empty_classes <= std::max(kEmptyClassesMax, used)) return;
  std::vector<SharedClass> empty;
  for (const auto& [number, live] : state_.classes) {
    if (live.resources.empty()) empty.push_back(live.traits);
  }
  for (const SharedClass& traits : empty) {
    const SharedNumbers groups = state_.classes.get(traits->number)->groups;
    for (const std::uint32_t group : list(groups)) {
      edit_group(group, [&](LiveGroup& edited) { edited.classes.erase(traits->number); });
    }
    state_.ordered_classes.erase(traits.get());
    state_.classes.erase(traits->number);
  }
  state_.empty_classes = 0;
}

void Memberships::rebuild_index() {
  index_.clear();
  for (const auto& [uuid, live] : state_.groups) {
    const std::uint32_t number = live.group->number;
    if (live.query) index_.add(number, *live.query, live.by_class);
    std::set<Uuid> listed;
    for (const Uuid& resource : live.included) listed.insert(resource);
    for (const Uuid& resource : live.excluded) listed.insert(resource);
    index_.set_listed(number, std::move(listed));
  }
  order_dependent();
}

void Memberships::enlist(LiveGroup live) {
  const std::uint32_t number = live.group->number;
  const Uuid uuid = live.group->id.uuid;
  live.by_class = is_by_class(*live.group, live.query);
  if (live.query) index_.add(number, *live.query, live.by_class);
  std::set<Uuid> listed;
  for (const Id& item : live.group->include)
    live.included.insert_or_assign(item.uuid), listed.insert(item.uuid);
  for (const Id& item : live.group->exclude)
    live.excluded.insert_or_assign(item.uuid), listed.insert(item.uuid);
  index_.set_listed(number, std::move(listed));
  state_.group_numbers.put(number, uuid);
  state_.groups.put(uuid, std::move(live));
}

void Memberships::test_all() {
  // Gathered first: each group is then written once.
  std::unordered_map<std::uint32_t, PersistentSet<Uuid>> members;
  for (const auto& [uuid, resource] : state_.resources) {
    const std::unique_ptr<DocumentView> view =
        resource_view(state_, *resource, &index_.snapshot_members());
    GroupNumbers asked = list(state_.classes.get(resource->class_number)->undecided);
    index_.of_values(*view, asked);
    index_.listing(uuid, asked);
    tidy(asked);
    GroupNumbers listed;
    for (const std::uint32_t number : asked) {
      if (index_.dependent().contains(number) || !test(number, *resource, *view)) continue;
      listed.push_back(number);
      members[number].insert_or_assign(uuid);
    }
    if (!listed.empty()) set_listed_in(uuid, resource->class_number, std::move(listed));
  }
  for (auto& [number, found] : members) {
    edit_group(number, [&](LiveGroup& live) { live.members = std::move(found); });
  }
  order_dependent();
  for (const std::uint32_t number : GroupNumbers(index_.order())) recompute(number);
  take_moves();
}

}  // namespace storm
