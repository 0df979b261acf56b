#include "core/rest/projection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/rest/field_names.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kSnapshot = "snapshot";

const Resource* resource_of(const State& state, const Id& id) {
  if (id.kind != EntityKind::Resource) return nullptr;
  const Shared<Resource>* resource = state.resources.get(id.uuid);
  return resource ? resource->get() : nullptr;
}

void copy_path(const Value& from, Value& to, const std::vector<std::string>& path) {
  const Value* source = &from;
  for (const std::string& step : path) {
    source = source->find(step);
    if (!source) return;
  }
  Value* target = &to;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    Value* next = target->find(path[i]);
    if (!next) next = &target->set(path[i], Value::object());
    if (!next->is_object()) return;  // it was asked for as a whole before
    target = next;
  }
  target->set(path.back(), *source);
}

void erase_path(Value& from, const std::vector<std::string>& path) {
  Value* at = &from;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    at = at->find(path[i]);
    if (!at) return;
  }
  if (at->is_object()) at->erase(path.back());
}

}  // namespace

Result<Projection> Projection::parse(const Url& url, EntityKind kind) {
  Projection projection;
  projection.fields_ = STORM_TRY(parse_paths(url, kind, "fields"));
  projection.exclude_ = STORM_TRY(parse_paths(url, kind, "exclude"));
  return projection;
}

Result<std::vector<Projection::Path>> Projection::parse_paths(const Url& url, EntityKind kind,
                                                              std::string_view parameter) {
  std::vector<Path> paths;
  const std::string* given = url.find(parameter);
  if (!given) return paths;
  const auto refuse = [&](std::string message) {
    return Error{Errc::InvalidArgument,
                 fmt::format("{}: {}", parameter, message),
                 {{fmt::format("?{}", parameter), message}}};
  };
  std::string_view rest = *given;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    Path path;
    while (true) {
      const std::size_t dot = item.find('.');
      if (dot == 0 || item.empty()) {
        return refuse("Expected names of fields, separated by commas; a dot goes inside.");
      }
      path.emplace_back(item.substr(0, dot));
      if (dot == std::string_view::npos) break;
      item.remove_prefix(dot + 1);
    }
    if (path.size() > kProjectedFieldsMax || paths.size() == kProjectedFieldsMax) {
      return refuse(fmt::format("More than {} fields.", kProjectedFieldsMax));
    }
    STORM_TRY(check_field(kind, path.front(), parameter));
    paths.push_back(std::move(path));
  }
  return paths;
}

bool Projection::only_leaves_out_snapshot() const {
  return fields_.empty() && exclude_.size() == 1 && exclude_[0] == Path{std::string(kSnapshot)};
}

bool Projection::reads_snapshot() const {
  const auto is_snapshot = [](const Path& path) { return path == Path{std::string(kSnapshot)}; };
  if (std::ranges::any_of(exclude_, is_snapshot)) return false;
  return fields_.empty() ||
         std::ranges::any_of(fields_, [](const Path& path) { return path[0] == kSnapshot; });
}

Value Projection::apply(const Value& whole) const {
  Value chosen = fields_.empty() ? whole : Value::object();
  for (const Path& path : fields_) copy_path(whole, chosen, path);
  for (const Path& path : exclude_) erase_path(chosen, path);
  return chosen;
}

void Projection::append(std::string& out, const State& state, const Id& id) const {
  static const std::vector<Path> kIdAlone = {{"id"}};
  if (id.kind == EntityKind::Resource && exclude_.empty() && fields_ == kIdAlone) {
    out += R"({"id":")";
    out += id.to_string();
    out += R"("})";
    return;
  }
  const Resource* resource = resource_of(state, id);
  if (whole()) {
    append_entity(out, state, id);
  } else if (!resource) {
    append_json(out, apply(state.value_of(id)));
  } else if (only_leaves_out_snapshot()) {
    append_resource_json(out, *resource, false);
  } else {
    Value document = to_value_without_snapshot(*resource);
    if (reads_snapshot() && resource->snapshot) {
      Result<Value> snapshot = parse_json(resource->snapshot.text());
      if (snapshot) document.set(kSnapshot, std::move(*snapshot));
    }
    append_json(out, apply(document));
  }
}

void append_entity(std::string& out, const State& state, const Id& id) {
  if (const Resource* resource = resource_of(state, id)) {
    append_resource_json(out, *resource);
  } else {
    append_json(out, state.value_of(id));
  }
}

std::string entity_json(const State& state, const Id& id) {
  std::string text;
  append_entity(text, state, id);
  return text;
}

}  // namespace storm::rest
