// The arrow notation of applications:
//   component = GROUP [ "=>" target { "=>" target } ]       target = GROUP "[" SERVICE { ","
//   SERVICE } "]" exposed   = GROUP "[" SERVICE { "," SERVICE } "]"
// "frontend => database[postgres]". GROUP is an id or a name without '[', ']', ',' and '=>'.
// [any-thread]
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm {

// A word and where it starts in its text, counted from 0.
struct Word {
  std::string text;
  std::size_t offset = 0;
};

struct ServiceReference {
  Word group;
  std::vector<Word> services;
};

struct ComponentText {
  Word group;
  std::vector<ServiceReference> links;  // each from the one before it, the first from `group`
};

// The error's message ends with "at column N", counted from 1.
Result<ComponentText> parse_component(std::string_view text);
Result<ServiceReference> parse_exposed(std::string_view text);

}  // namespace storm
