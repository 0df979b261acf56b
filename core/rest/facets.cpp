#include "core/rest/facets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/rest/field_names.hpp"

namespace storm::rest {
namespace {

constexpr std::size_t kBetweenLooks = 32;
constexpr std::string_view kSnapshot = "snapshot";

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  while (true) {
    const std::size_t dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<Facets> Facets::parse(std::string_view words, EntityKind kind) {
  Facets facets;
  const auto refuse = [](std::string message) {
    return Error{Errc::InvalidArgument, "facets: " + message, {{"?facets", message}}};
  };
  for (bool more = true; more;) {
    const std::size_t comma = words.find(',');
    const std::string_view path = words.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) words.remove_prefix(comma + 1);
    std::vector<std::string> steps = steps_of(path);
    if (std::ranges::any_of(steps, &std::string::empty)) {
      return refuse("Expected names of fields, separated by commas; a dot goes inside.");
    }
    if (facets.fields_.size() == kFacetFieldsMax) {
      return refuse(fmt::format("More than {} fields.", kFacetFieldsMax));
    }
    STORM_TRY(check_field(kind, steps.front(), "facets"));
    facets.fields_.push_back({std::string(path), std::move(steps), {}, 0});
  }
  return facets;
}

bool Facets::reads_snapshot() const {
  return std::ranges::any_of(fields_,
                             [](const Field& field) { return field.steps[0] == kSnapshot; });
}

bool Facets::run(const State& state, EntityKind kind, const std::vector<Uuid>& items,
                 const std::function<bool()>& pause) {
  for (std::size_t looked = 0; next_ < items.size(); ++next_) {
    if (++looked % kBetweenLooks == 0 && pause()) return false;
    count(state, Id{kind, items[next_]});
  }
  return true;
}

void Facets::count(const State& state, const Id& id) {
  const Shared<Resource>* resource =
      id.kind == EntityKind::Resource ? state.resources.get(id.uuid) : nullptr;
  Value document = resource ? to_value_without_snapshot(**resource) : state.value_of(id);
  if (resource && (*resource)->snapshot && reads_snapshot()) {
    Result<Value> snapshot = parse_json((*resource)->snapshot.text());
    if (snapshot) document.set(kSnapshot, std::move(*snapshot));
  }
  for (Field& field : fields_) {
    const Value* at = &document;
    for (const std::string& step : field.steps) at = at ? at->find(step) : nullptr;
    if (!at) {
      count(field, Value());
    } else if (at->is_array()) {
      for (const Value& item : at->as_array()) count(field, item);
    } else {
      count(field, *at);
    }
  }
}

void Facets::count(Field& field, const Value& value) {
  std::string text = to_json(value);
  const auto found = field.counts.find(text);
  if (found != field.counts.end()) {
    ++found->second;
  } else if (field.counts.size() < kFacetValuesMax) {
    field.counts.emplace(std::move(text), 1);
  } else {
    ++field.others;
  }
}

Value Facets::counted() const {
  Value all = Value::object();
  for (const Field& field : fields_) {
    std::vector<std::pair<std::string, std::uint64_t>> counts(field.counts.begin(),
                                                              field.counts.end());
    std::ranges::sort(counts, [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    Value values = Value::array();
    std::uint64_t others = field.others;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (i >= kFacetShownMax) {
        others += counts[i].second;
        continue;
      }
      Result<Value> value = parse_json(counts[i].first);
      values.push_back(Value::Object{{"value", value ? std::move(*value) : Value()},
                                     {"count", counts[i].second}});
    }
    all.set(field.path, Value::Object{{"values", std::move(values)}, {"others", others}});
  }
  return all;
}

}  // namespace storm::rest
