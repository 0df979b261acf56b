// A view as the engine keeps it: what it asks, compiled, and what it has counted. A value; the plan
// is shared and immutable.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "core/document/json_members.hpp"
#include "core/engine/view_tally.hpp"
#include "core/model/view.hpp"
#include "core/query/query.hpp"

namespace storm {

// How a view is kept: what it asks, compiled.
struct ViewPlan {
  enum class Over { All, Group, Query, Nothing };  // Nothing: its query cannot be compiled any more
  Over over = Over::All;
  std::uint32_t group = 0;  // its number
  std::optional<Query> query;
  MemberTree snapshot_members;  // that the query reads
  ContributionReader reader;
};

struct LiveView {
  std::shared_ptr<const View> view;
  std::shared_ptr<const ViewPlan> plan;
  ViewTally tally;
};

}  // namespace storm
