#include "core/query/projection.hpp"

#include <utility>

#include "core/query/compiler.hpp"
#include "core/query/path.hpp"

namespace storm {
namespace {

constexpr std::string_view kId = "_id";

}  // namespace

void Projection::insert(std::string_view text) {
  const Path path(text);
  Node* node = &root_;
  for (const Path::Step& step : path.steps()) {
    if (node->end) return;  // a part of what is there
    node = &node->children[step.name];
  }
  node->end = true;
  node->children.clear();
}

Projection Projection::keeping(std::span<const std::string> paths) {
  Projection projection;
  projection.mode_ = Mode::Keep;
  for (const std::string& path : paths) projection.insert(path);
  return projection;
}

Projection Projection::dropping(std::span<const std::string> paths) {
  Projection projection = keeping(paths);
  projection.mode_ = Mode::Drop;
  return projection;
}

Result<void> Projection::add(std::string_view text, const Spot& spot) {
  const Path path = STORM_TRY(read_path(text, spot));
  if (++paths_ > kProjectionPathsMax) {
    return refused(spot, "more than " + std::to_string(kProjectionPathsMax) + " paths");
  }
  Node* node = &root_;
  for (const Path::Step& step : path.steps()) {
    if (step.name.empty() || step.name.starts_with('$')) {
      return refused(spot, quoted(text) + " is not a path");
    }
    if (node->end) return refused(spot, quoted(text) + " is part of another path");
    node = &node->children[step.name];
  }
  if (node->end || !node->children.empty()) {
    return refused(spot, quoted(text) + " is there twice, or has another path below it");
  }
  node->end = true;
  return {};
}

// `base` ends with a dot, or is empty at the top.
Result<void> Projection::read(const Value& object, std::string_view base, const Spot& spot) {
  for (const auto& [name, what] : object.as_object()) {
    const Spot here = spot.at(name);
    const std::string path = std::string(base) + name;
    if (name.starts_with('$')) {
      return refused(here, quoted(name) + " is not available in a projection");
    }
    if (what.is_object() && !what.as_object().empty()) {
      STORM_TRY(read(what, path + ".", here));
      continue;
    }
    if (!what.is_bool() && !what.is_number()) {
      return refused(here,
                     "needs 1 to keep or 0 to drop, not " + std::string(name_of(what.kind())));
    }
    const bool keeps = what.is_bool() ? what.as_bool() : what.as_double() != 0;
    if (path == kId) continue;
    const Mode mode = keeps ? Mode::Keep : Mode::Drop;
    if (mode_ != Mode::Open && mode_ != mode) {
      return refused(here, "a projection either keeps or drops fields, not both");
    }
    mode_ = mode;
    STORM_TRY(add(path, here));
  }
  return {};
}

Result<Projection> Projection::parse(const Value& specification) {
  const Spot all;
  if (!specification.is_object()) {
    return refused(all,
                   "a projection is an object, not " + std::string(name_of(specification.kind())));
  }
  Projection projection;
  STORM_TRY(projection.read(specification, "", all));
  const Value* id = specification.find(kId);
  if (!id || id->is_object()) {
    if (projection.mode_ == Mode::Keep) projection.insert(kId);
    return projection;
  }
  const bool keeps = id->is_bool() ? id->as_bool() : id->as_double() != 0;
  if (projection.mode_ == Mode::Open) projection.mode_ = keeps ? Mode::Keep : Mode::Drop;
  if (keeps == (projection.mode_ == Mode::Keep)) projection.insert(kId);
  return projection;
}

Value Projection::keep(const Value& value, const Node& node) {
  if (value.is_array()) {
    Value out = Value::array();
    for (const Value& item : value.as_array()) {
      if (item.is_array() || item.is_object()) out.push_back(keep(item, node));
    }
    return out;
  }
  Value out = Value::object();
  for (const auto& [name, member] : value.as_object()) {
    const auto child = node.children.find(name);
    if (child == node.children.end()) continue;
    if (child->second.end) {
      out.add(name, member);
    } else if (member.is_array() || member.is_object()) {
      out.add(name, keep(member, child->second));
    }
  }
  return out;
}

Value Projection::drop(const Value& value, const Node& node) {
  if (value.is_array()) {
    Value out = Value::array();
    for (const Value& item : value.as_array()) out.push_back(drop(item, node));
    return out;
  }
  if (!value.is_object()) return value;
  Value out = Value::object();
  for (const auto& [name, member] : value.as_object()) {
    const auto child = node.children.find(name);
    if (child == node.children.end()) {
      out.add(name, member);
    } else if (!child->second.end) {
      out.add(name, drop(member, child->second));
    }
  }
  return out;
}

Value Projection::apply(const Value& document) const {
  if (mode_ == Mode::Open || !document.is_object()) return document;
  return mode_ == Mode::Keep ? keep(document, root_) : drop(document, root_);
}

}  // namespace storm
