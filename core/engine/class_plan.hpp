// ClassPlan: which classes of resources a query takes or leaves as a whole, and of which each
// resource has to be tested. Where the query demands a type or the beginning of an image, only such
// classes are looked at. A value; points into the state. [any-thread]
#pragma once
#include <functional>
#include <vector>

#include "core/engine/state.hpp"

namespace storm {

struct ClassPlan {
  // The query reads nothing that a class says: each resource has to be tested.
  bool everything = false;
  std::vector<const LiveClass*> whole;    // all resources match; none is empty
  std::vector<const LiveClass*> depends;  // each has to be tested; none is empty
  std::size_t tests = 0;                  // resources that have to be tested
};

// Visits the classes that the query does not rule out, those without resources too, each once and
// in no order.
using VisitClass = std::function<void(const LiveClass&, Truth)>;
void each_class(const State& state, const Query& query, const VisitClass& visit);

ClassPlan plan_classes(const State& state, const Query& query);

}  // namespace storm
