// What the answer of a condition depends on, found when it is compiled. A value. Inside core/query
// only; Query says the same.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace storm {

struct Condition;

struct Reads {
  std::vector<std::string> fields;  // top-level, sorted, each once
  std::vector<std::string> paths;   // sorted, none below another
  std::vector<std::string> groups;  // sorted, each once; those that relatives ask for too
  std::uint8_t relations = 0;       // bits of Relation; those of relatives too
  bool names = false;               // which top-level fields there are
};

Reads reads_of(const Condition& condition);

}  // namespace storm
