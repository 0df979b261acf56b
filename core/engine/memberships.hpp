// Memberships: keeps classes and groups true while resources and groups change. A change of a
// resource costs a look at its class and tests of the few groups that a value of it points to; a
// change of a group costs a test per class and, where a class cannot tell, per resource of it.
// Engine thread only.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "core/engine/state.hpp"
#include "core/groups/group_index.hpp"

namespace storm {

// Beyond so many moves in one group a change says only that the group is to be listed again.
inline constexpr std::size_t kMovesToldMax = 1000;
// Classes without resources are kept for when they come back, up to so many and as many as have
// some.
inline constexpr std::size_t kEmptyClassesMax = 4096;

// Resources that a group's query matches, found ahead against a state of the past.
using Matches = PersistentSet<Uuid>;

class Memberships {
 public:
  // Both are changed in place and outlive this.
  Memberships(State& state, GroupIndex& index) : state_(state), index_(index) {}

  // The number of a resource's class, which is made when there is none yet.
  std::uint32_t classify(const Resource& resource);

  // The groups of a resource before and after a change of it.
  struct Groups {
    Shared<GroupNumbers> before, after;
  };
  // Null for none: a resource that is new or gone. Requires: what is in the state is `after`, and
  // it is classified.
  Groups follow(const Shared<Resource>& before, const Shared<Resource>& after);

  // Puts a group into the state, in the place of the one with its id. `matches`: what the query
  // matches, when somebody found it ahead.
  void put(Group group, std::optional<Query> query, const Matches* matches = nullptr);
  void remove(const Uuid& group);

  // Tests what queries could see otherwise since these resources and agents have other names.
  void follow_names(std::span<const Uuid> renamed);

  // Tests what could have changed because relatives of theirs did, since the last call: `owners`,
  // and the resources that were followed. Nothing to do unless some query asks for relatives.
  void follow_relatives(std::span<const Uuid> owners);

  // Moves of resources other than the one that was followed, since the last call.
  struct Moves {
    std::vector<MemberMove> told;
    GroupNumbers relisted;
  };
  Moves take_moves();

  // Drops classes that are empty, when there are too many of them. Call after each change.
  void sweep();

  // Fills the index from the state alone.
  void rebuild_index();

  // For a state that is being loaded: first all groups are put into the state and the index
  // (enlist), then each resource is classified and entered, then all are tested.
  void enlist(LiveGroup group);
  void enter(const Shared<Resource>& resource);
  void test_all();

 private:
  using SharedNumbers = Shared<GroupNumbers>;
  struct Decision {
    GroupNumbers groups, undecided;
  };
  Decision decide(const ResourceClass& traits) const;
  static bool is_by_class(const Group& group, const std::optional<Query>& query);
  const LiveGroup& group(std::uint32_t number) const;
  void edit_group(std::uint32_t number, const std::function<void(LiveGroup&)>& change);
  void leave(const Shared<Resource>& resource);
  void set_listed_in(const Uuid& resource, std::uint32_t class_number, GroupNumbers groups);
  bool test(std::uint32_t number, const Resource& resource, const DocumentView& view) const;
  void move(std::uint32_t group, const Uuid& resource, bool joined);
  void move_class(std::uint32_t group, const LiveClass& live, bool joined);
  GroupNumbers test_listed(const Resource& resource, const DocumentView& view, GroupNumbers asked,
                           const GroupNumbers& before, bool tell);
  bool retest(const Shared<Resource>& resource, const GroupNumbers& groups);
  void recompute(std::uint32_t number);
  void replace(const LiveGroup& before, LiveGroup after);
  void order_dependent();
  void recompute_dependent(std::span<const std::string> names);
  std::vector<std::string> names_of(const LiveGroup& group) const;
  void rename_owner(const Id& owner);
  void decide_again(std::uint32_t class_number);
  std::vector<std::uint32_t> classes_of(const Query& query) const;
  PersistentSet<std::uint32_t> enter_classes(std::uint32_t number);
  void leave_classes(std::uint32_t number, const LiveGroup& group);
  PersistentSet<Uuid> find_members(const LiveGroup& group, const Matches* matches) const;
  void tell_moves(const LiveGroup& before, const LiveGroup& after);

  State& state_;
  GroupIndex& index_;
  Moves moves_;
  std::map<std::uint32_t, std::size_t> told_;  // how many moves of a group
  std::set<Uuid> changed_;                     // resources, as far as relatives have to know
};

}  // namespace storm
