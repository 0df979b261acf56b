#include "cli/resource_names.hpp"

#include <algorithm>

#include "cli/display_text.hpp"
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

constexpr std::size_t kChangedNameMax = 24;  // characters

// Appends those of `names` that are not among the others.
void append_missing(std::string& text, char sign, const Value& names, const Value& others) {
  const Value::Array& known = others.as_array();
  for (const Value& name : names.as_array()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    text += text.empty() ? "" : ", ";
    text += sign + cut_to(printable(text_of(name)), kChangedNameMax, "...");
  }
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

std::string names_difference(const Value& before, const Value& after) {
  std::string text;
  if (!before.is_array() || !after.is_array()) return text;
  append_missing(text, '+', after, before);
  append_missing(text, '-', before, after);
  return text;
}

}  // namespace storm::cli
