#include "core/rest/watch_selector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/rest/collection.hpp"

namespace storm::rest {
namespace {

using Kind = WatchSelector::Kind;

Error refuse(const std::string& pointer, std::string message, Errc code = Errc::InvalidArgument) {
  return Error{code, message, {{pointer, message}}};
}

Result<WatchSelector> of_entity(Kind kind, const std::string& reference, const State& state,
                                const std::string& pointer) {
  const EntityKind entity = kind == Kind::Group ? EntityKind::Group : EntityKind::Resource;
  const Result<Uuid> uuid = state.require(entity, reference);
  if (!uuid) return refuse(pointer, uuid.error().message, uuid.error().code);
  WatchSelector selector;
  selector.kind = kind;
  selector.uuid = *uuid;
  const Id id{entity, *uuid};
  if (kind == Kind::Group && state.names_of(id) == std::vector{reference})
    selector.name = reference;
  return selector;
}

Result<WatchSelector> of_query(const Value& filter, const OperatorSet& operators,
                               const std::string& pointer) {
  Result<Query> query = Query::parse(filter, operators);
  if (!query) {
    Error error = std::move(query).error();
    if (error.problems.empty()) error.problems.push_back({"", error.message});
    for (Problem& problem : error.problems) problem.pointer = pointer + problem.pointer;
    return error;
  }
  if (query->relations() != 0 || !query->groups().empty()) {
    return refuse(pointer,
                  "A watch cannot follow what a query asks of relatives and groups; make a group "
                  "of this query, and watch that.");
  }
  WatchSelector selector;
  selector.kind = Kind::Query;
  for (const std::string_view field : {"cluster", "host", "parent"}) {
    selector.reads_references =
        selector.reads_references || std::ranges::binary_search(query->fields(), field);
  }
  selector.query = std::move(*query);
  selector.query_text = to_json(filter);
  return selector;
}

WatchSelector of_type(std::string type) {
  WatchSelector selector;
  selector.kind = Kind::Type;
  selector.type = std::move(type);
  return selector;
}

Result<WatchSelector> of_parameter(const Parameter& parameter, const State& state,
                                   const OperatorSet& operators) {
  const std::string pointer = "?" + parameter.name;
  if (parameter.value.empty()) return refuse(pointer, "This parameter may not be empty.");
  if (parameter.name == "group") return of_entity(Kind::Group, parameter.value, state, pointer);
  if (parameter.name == "resource") {
    return of_entity(Kind::Resource, parameter.value, state, pointer);
  }
  if (parameter.name == "type") return of_type(parameter.value);
  if (parameter.value.size() > kQueryTextMax) {
    return refuse(pointer, fmt::format("The query is longer than {} bytes.", kQueryTextMax));
  }
  const Result<Value> filter = parse_json(parameter.value);
  if (!filter) return refuse(pointer, "The query is no JSON: " + filter.error().message);
  return of_query(*filter, operators, pointer);
}

// "group=web"; queries are long and only counted.
std::string label_of(const Parameter& parameter, std::size_t queries) {
  if (parameter.name == "q") return queries == 1 ? "q" : fmt::format("q{}", queries);
  return parameter.name + "=" + parameter.value.substr(0, kSelectorLabelMax);
}

SelectorPtr with_group(const WatchSelector& selector, const Uuid& group) {
  auto other = std::make_shared<WatchSelector>(selector);
  other->uuid = group;
  return other;
}

}  // namespace

SelectorPtr bound_by(SelectorPtr selector, const Event& event) {
  if (selector->name.empty() || selector->uuid != Uuid() || event.type != EventType::Created ||
      event.entity.kind != EntityKind::Group ||
      std::ranges::find(event.names, selector->name) == event.names.end()) {
    return selector;
  }
  return with_group(*selector, event.entity.uuid);
}

SelectorPtr unbound_by(SelectorPtr selector, const Event& event) {
  if (selector->name.empty() || event.type != EventType::Deleted ||
      event.entity != Id{EntityKind::Group, selector->uuid}) {
    return selector;
  }
  return with_group(*selector, Uuid());
}

SelectorPtr bound_again(SelectorPtr selector, const State& state) {
  if (selector->name.empty() || state.groups.contains(selector->uuid)) return selector;
  const std::optional<Uuid> found = state.find(EntityKind::Group, selector->name);
  return with_group(*selector, found.value_or(Uuid()));
}

Result<std::vector<SelectorPtr>> parse_selectors(const Url& url, const State& state,
                                                 const OperatorSet& operators) {
  static constexpr std::string_view kNames[] = {"group", "resource", "type", "q"};
  std::vector<SelectorPtr> selectors;
  std::size_t queries = 0;
  for (const Parameter& parameter : url.parameters) {
    if (std::ranges::find(kNames, parameter.name) == std::end(kNames)) continue;
    WatchSelector selector = STORM_TRY(of_parameter(parameter, state, operators));
    if (parameter.name == "q") ++queries;
    selector.label = label_of(parameter, queries);
    selectors.push_back(std::make_shared<const WatchSelector>(std::move(selector)));
  }
  if (selectors.empty()) selectors.push_back(std::make_shared<const WatchSelector>());
  return selectors;
}

Result<WatchSelector> parse_selector(const Value& wish, const State& state,
                                     const OperatorSet& operators) {
  const std::string place = "/subscribe";
  if (!wish.is_object()) return refuse(place, "Expected a JSON object.");
  const Value* chosen = nullptr;
  std::string name;
  for (const auto& [key, value] : wish.as_object()) {
    if (key == "initial" || key == "since") continue;
    if (key != "group" && key != "resource" && key != "type" && key != "q") {
      return refuse(pointer_join(place, key),
                    "Unknown selector; known ones are group, resource, type and q.");
    }
    if (chosen) return refuse(place, "One selector for each subscription.");
    chosen = &value;
    name = key;
  }
  if (!chosen) return WatchSelector();
  const std::string pointer = pointer_join(place, name);
  if (name == "q") return of_query(*chosen, operators, pointer);
  if (!chosen->is_string() || chosen->as_string().empty()) {
    return refuse(pointer, "Expected a text.");
  }
  if (name == "type") return of_type(chosen->as_string());
  return of_entity(name == "group" ? Kind::Group : Kind::Resource, chosen->as_string(), state,
                   pointer);
}

}  // namespace storm::rest
