#include "cli/resource_names.hpp"

#include "cli/nouns.hpp"

namespace storm::cli {
namespace {

// Requires: there is a name.
std::size_t readable_index(const Value::Array& names) {
  std::size_t best = names.size() > 1 ? 1 : 0;
  for (std::size_t i = best + 1; i < names.size(); ++i) {
    if (text_of(names[i]).size() < text_of(names[best]).size()) best = i;
  }
  return best;
}

bool has_names(const Value* names) {
  return names != nullptr && names->is_array() && !names->as_array().empty();
}

}  // namespace

std::string readable_name(const Value& names) {
  if (!has_names(&names)) return {};
  return text_of(names.as_array()[readable_index(names.as_array())]);
}

std::string label_of(const Value& resource) {
  const Value* names = resource.find("names");
  return has_names(names) ? readable_name(*names) : id_of(resource);
}

std::string names_text(const Value& names, bool readable_first) {
  if (!readable_first || !has_names(&names)) return text_of(names);
  const Value::Array& list = names.as_array();
  const std::size_t first = readable_index(list);
  std::string text = text_of(list[first]);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i != first) text += ", " + text_of(list[i]);
  }
  return text;
}

}  // namespace storm::cli
