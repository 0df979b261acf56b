// Change: edits of a state that keep it whole: names, order, memberships, cascades and events
// follow each edit. Notes what was touched, so that the store can be told. Engine thread only;
// knows nothing of the store, of threads or of bodies.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/engine/live_views.hpp"
#include "core/engine/memberships.hpp"
#include "core/engine/state.hpp"
#include "core/groups/group_index.hpp"

namespace storm {

struct Touched {
  std::set<Id> entities;
  std::set<std::uint64_t> events;

  void merge(Touched other) {
    if (entities.empty()) entities.swap(other.entities);
    if (events.empty()) events.swap(other.events);
    entities.merge(other.entities);
    events.merge(other.events);
  }
};

class Change {
 public:
  // The state and the index are changed in place; both outlive this.
  Change(State& state, GroupIndex& index, WallTime now, std::size_t events_kept)
      : state_(state),
        index_(index),
        memberships_(state, index),
        views_(state),
        now_(now),
        events_kept_(events_kept) {}

  WallTime now() const { return now_; }
  const State& state() const { return state_; }
  const Touched& touched() const { return touched_; }
  Touched take_touched() { return std::exchange(touched_, {}); }
  // Resources and agents by whose names something else may have been found, new ones included.
  const std::set<Uuid>& renamed() const { return renamed_; }
  // Of resources other than by a change of their own.
  const Memberships::Moves& moves() const { return moves_; }

  // Each adds the entity or puts it in the place of the one with its id, with one event. `quiet`:
  // none.
  void put(Agent agent, bool quiet = false);
  void put(Resource resource);  // sets its revision
  // `matches`: what the query matches, when somebody found it ahead.
  void put(Group group, std::optional<Query> query, const Matches* matches = nullptr);
  void put(Application application);
  void put(Procedure procedure);
  void put(Job job);
  void put(Subscription subscription);
  // `found`: its value, when somebody found it ahead.
  void put(View view, std::optional<Query> query, const ViewTally* found = nullptr);

  // Removes it and what depends on it. Requires: it exists.
  void remove(const Id& id);

  // What follows from all edits together: removes what depended on removed resources, and tests
  // again what refers to something whose names changed. Call once at the end.
  void finish();

 private:
  void remove_agent(const Uuid& uuid);
  void remove_resource(const Uuid& uuid);
  void remove_group(const Uuid& uuid);
  void remove_procedure(const Uuid& uuid);
  template <typename T, typename Match>
  void remove_where(EntityKind kind, const Table<T>& table, const Match& match);
  void remove_dependents(const std::set<Uuid>& resources);
  void set_references(const Uuid& referrer, const Resource* before, const Resource* after);
  void drop_component(const Id& group);

  void rename(const Id& id, const std::vector<std::string>& before,
              const std::vector<std::string>& after);
  void note(EventType type, const Id& id, const std::vector<std::string>& names);
  void note(const Shared<Resource>& before, const Shared<Resource>& after,
            Memberships::Groups groups);
  void add_event(Event event);
  // Moves are told with the last event.
  void tell_moves();

  State& state_;
  GroupIndex& index_;
  Memberships memberships_;
  LiveViews views_;
  Memberships::Moves moves_;
  const WallTime now_;
  const std::size_t events_kept_;
  Touched touched_;
  std::shared_ptr<Event> last_event_;  // not yet seen by anybody
  std::set<Uuid> renamed_;             // resources and agents
  std::vector<Uuid> agents_;           // that changed
  std::set<Uuid> removed_;             // resources
};

}  // namespace storm
