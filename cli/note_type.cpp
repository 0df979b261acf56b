#include "cli/note_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/display_text.hpp"
#include "cli/nearest.hpp"
#include "cli/nouns.hpp"

namespace storm::cli {

void note_unknown_type(Client& client, const std::string& type) {
  if (type.empty()) return;
  const Answer answer =
      client.get(path_to("resources", {}, {{"count", "true"}, {"facets", "type"}}));
  const Value* facet = answer.ok() ? at_path(answer.body, "facets.type") : nullptr;
  const Value* values = facet == nullptr ? nullptr : facet->find("values");
  const Value* others = facet == nullptr ? nullptr : facet->find("others");
  if (values == nullptr || !values->is_array()) return;
  if (others != nullptr && !(*others == Value(0))) return;  // it may be one of these
  std::vector<std::string> known;
  for (const Value& item : values->as_array()) {
    if (const Value* value = item.find("value")) known.push_back(text_of(*value));
  }
  if (std::find(known.begin(), known.end(), type) != known.end()) return;
  const std::string near = did_you_mean(type, known);
  fmt::print(stderr, "note: no resource has the type \"{}\"{}{}\n", printable(type),
             near.empty() ? "" : "; ", printable(near));
}

}  // namespace storm::cli
