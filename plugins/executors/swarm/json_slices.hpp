// Cuts the objects out of a JSON array without parsing them, so that a snapshot keeps the very
// bytes that Docker sent. Pure.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace storm::swarm {

// The objects of an array of objects, as views of `array`. Empty optional: not such an array.
// Checks brackets and strings only; each object still has to be parsed.
std::optional<std::vector<std::string_view>> slice_objects(std::string_view array);

// The ID that a Docker object starts with ({"ID":"..."), as a view of `object`; empty when it
// starts otherwise.
std::string_view leading_id(std::string_view object);

// Without the white space around it.
std::string_view trim(std::string_view text);

}  // namespace storm::swarm
