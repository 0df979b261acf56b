// The fields at the top of what is answered, for parameters that name some: a misspelt one is
// refused, what is inside a field is free. [any-thread]
#pragma once
#include <span>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/ids.hpp"

namespace storm::rest {

std::span<const std::string_view> field_names(EntityKind kind);

// InvalidArgument, with the nearest field, when `name` is none of that kind.
Result<void> check_field(EntityKind kind, std::string_view name, std::string_view parameter);

}  // namespace storm::rest
