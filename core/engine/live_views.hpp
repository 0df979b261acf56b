// LiveViews: keeps the values of views true while resources and memberships change. A change of a
// resource asks every view whether it was and is among its resources, and where what it adds has
// changed, takes the old away and adds the new. Engine thread only.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/engine/live_view.hpp"
#include "core/model/event.hpp"
#include "core/model/view.hpp"
#include "core/query/query.hpp"

namespace storm {

struct State;

inline constexpr std::size_t kViewsMax = 100;  // each change of a resource asks every view

// Why a view cannot be over what this query matches; empty: it can. What a query says of relatives
// changes without the resource; groups follow that, and a view may be over a group.
std::string refusal_of_view_query(const Query& query);

class LiveViews {
 public:
  // Changed in place; outlives this.
  explicit LiveViews(State& state) : state_(state) {}

  // Puts a view into the state, in the place of the one with its id, and finds its value. Without a
  // query although the view has one: it is over nothing.
  // `found`: the value, when somebody found it ahead.
  void put(View view, std::optional<Query> query, const ViewTally* found = nullptr);

  // A resource was put (or added: no before; removed: no after), and was and is in these groups.
  void follow(const Resource* before, const Resource* after, const GroupNumbers* groups_before,
              const GroupNumbers* groups_after);
  // Other resources moved; groups of which it is not told one by one are looked at again.
  void follow_moves(std::span<const MemberMove> moves, const GroupNumbers& relisted);
  // Owners have other names.
  void follow_owners();

 private:
  void recompute(const Uuid& view);

  State& state_;
};

// Without a query although the view has one: it is over nothing. Requires: its group exists.
std::shared_ptr<const ViewPlan> plan_of(const State& state, const View& view,
                                        std::optional<Query> query);
bool reads_owner(const ViewPlan& plan);
bool is_over(const State& state, const ViewPlan& plan, const Resource& resource);
// How many resources tally_of has to look at one by one, at most.
std::size_t looks_of(const State& state, const ViewPlan& plan);
// The value that a look at all resources finds; nothing when `give_up()` said so.
std::optional<ViewTally> tally_of(const State& state, const View& view, const ViewPlan& plan,
                                  const std::function<bool()>& give_up = {});

}  // namespace storm
