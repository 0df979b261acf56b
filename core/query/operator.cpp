#include "core/query/operator.hpp"

#include <algorithm>

namespace storm {

Result<void> OperatorSet::add(std::shared_ptr<const OperatorSource> source) {
  for (const std::string& name : source->operators()) {
    if (find(name) || is_modifier(name)) {
      return Error{Errc::AlreadyExists, "the operator " + name + " is installed twice"};
    }
  }
  for (const std::string& name : source->modifiers()) {
    if (find(name) || is_modifier(name)) {
      return Error{Errc::AlreadyExists, "the modifier " + name + " is installed twice"};
    }
  }
  for (std::string& name : source->operators()) operators_.push_back({std::move(name), source});
  for (std::string& name : source->modifiers()) modifiers_.push_back({std::move(name), source});
  return {};
}

const OperatorSource* OperatorSet::find(std::string_view name) const {
  for (const Entry& entry : operators_) {
    if (entry.name == name) return entry.source.get();
  }
  return nullptr;
}

const OperatorSource* OperatorSet::source_of_modifier(std::string_view name) const {
  for (const Entry& entry : modifiers_) {
    if (entry.name == name) return entry.source.get();
  }
  return nullptr;
}

std::vector<std::string> OperatorSet::names() const {
  std::vector<std::string> names;
  names.reserve(operators_.size());
  for (const Entry& entry : operators_) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace storm
