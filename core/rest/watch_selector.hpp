// WatchSelector: what one subscription of a watcher is about: everything, a group, a resource, a
// type of resources, or what a query matches. Immutable and shared. [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/state.hpp"
#include "core/rest/url.hpp"

namespace storm::rest {

inline constexpr std::size_t kWatchSelectorsMax = 256;  // of one connection
inline constexpr std::size_t kSelectorLabelMax = 128;   // bytes

struct WatchSelector {
  enum class Kind : std::uint8_t { All, Group, Resource, Type, Query };

  Kind kind = Kind::All;
  std::string label = "all";  // by which messages name it
  Uuid uuid;                  // of the group or the resource; nil: there is no such group now
  std::string name;           // of a group that was asked for by its name
  std::string type;
  std::optional<Query> query;
  std::string query_text;         // tells queries apart
  bool reads_references = false;  // of kind Query: the names of what resources refer to
  std::uint64_t after = 0;        // it is told of later events only
};
using SelectorPtr = std::shared_ptr<const WatchSelector>;

// Whoever asks for a group by its name goes on with the one that is made under it after the first
// was deleted. What the selector is while the event is told, and what it is afterwards.
SelectorPtr bound_by(SelectorPtr selector, const Event& event);
SelectorPtr unbound_by(SelectorPtr selector, const Event& event);
// The same when events were missed: by what there is now.
SelectorPtr bound_again(SelectorPtr selector, const State& state);

// The selectors of `?group=&resource=&type=&q=`, each may be given several times; everything when
// there is none.
Result<std::vector<SelectorPtr>> parse_selectors(const Url& url, const State& state,
                                                 const OperatorSet& operators);
// One of {"group": NAME}, {"resource": ID}, {"type": TYPE}, {"q": {...}}, {}. Problems' pointers
// begin with "/subscribe".
Result<WatchSelector> parse_selector(const Value& wish, const State& state,
                                     const OperatorSet& operators);

}  // namespace storm::rest
