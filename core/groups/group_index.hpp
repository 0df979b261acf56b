// An index over the queries of groups: which groups could a resource, or a class of resources,
// belong to? Groups whose query reads only the fields of a class are asked once per class. The
// others are found by a value that the query demands of a field outside the class, or, where it
// demands none, wait in the classes that do not rule them out. Owned and changed by the engine's
// thread.
#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/document/json_members.hpp"
#include "core/groups/predicate_table.hpp"
#include "core/groups/resource_class.hpp"
#include "core/model/ids.hpp"
#include "core/query/query.hpp"

namespace storm {

class GroupIndex {
 public:
  enum class Route {
    Class,   // belongs to whole classes
    Within,  // some resources of a class: those of classes that it does not rule out are tested
    Value,   // some resources, found by a value of theirs
    Never,   // matches nothing
  };
  struct Entry {
    Query query;
    bool by_class = false;
    Route route = Route::Never;
    std::optional<AccessPredicate> placed;  // where it is kept; nothing: everywhere
  };

  // `by_class`: the group consists of whole classes; requires that its query reads only
  // kClassFields. Requires: the group is not in the index.
  void add(std::uint32_t group, const Query& query, bool by_class);
  void remove(std::uint32_t group);
  // The resources that a group's include and exclude lists name; replaces what was said before.
  void set_listed(std::uint32_t group, std::set<Uuid> resources);
  void clear();

  const Entry* find(std::uint32_t group) const;

  // Of Route::Class and Route::Within: those that could hold resources of a class with this
  // document. Sorted, each once.
  GroupNumbers of_class(const DocumentView& document) const;
  // Of Route::Value: those whose query could match. Appended, unsorted, some more than once.
  void of_values(const DocumentView& document, GroupNumbers& found) const;
  bool has_lists(std::uint32_t group) const { return listed_.contains(group); }
  // Groups whose lists name the resource. Appended.
  void listing(const Uuid& resource, GroupNumbers& found) const;

  // Groups whose query reads one of these top-level fields, or follows a relation. Sorted.
  GroupNumbers readers(std::span<const std::string_view> fields) const;
  // Groups whose query asks for members of other groups or for relatives: what changes them is not
  // only the resource itself.
  const std::set<std::uint32_t>& dependent() const { return dependent_; }
  // The same, each after those that it asks for; what set_order() was given.
  const GroupNumbers& order() const { return order_; }
  void set_order(GroupNumbers order) { order_ = std::move(order); }

  // What has to be read of snapshots to test all groups of Route::Within and Route::Value.
  const MemberTree& snapshot_members() const;
  std::size_t size() const { return entries_.size(); }

 private:
  void place(std::uint32_t group, Entry& entry);
  void count_paths(const Query& query, bool added);
  void count_path(const std::string& path, bool added);

  std::unordered_map<std::uint32_t, Entry> entries_;
  PredicateTable classes_, values_;
  std::set<std::uint32_t> every_class_;  // of Route::Class and Route::Within, without predicate
  std::set<std::uint32_t> dependent_;
  GroupNumbers order_;
  std::map<std::string, std::set<std::uint32_t>, std::less<>> readers_;  // field -> groups
  std::set<std::uint32_t> readers_of_all_;             // it matters to them which fields there are
  std::map<std::string, std::size_t> snapshot_paths_;  // below "snapshot" -> queries that read it
  // All of them. Made when it is asked for after a path went, or after clear().
  mutable std::optional<MemberTree> snapshot_members_;
  std::map<std::uint32_t, std::set<Uuid>> listed_;   // group -> resources
  std::map<Uuid, std::set<std::uint32_t>> listing_;  // resource -> groups
};

}  // namespace storm
