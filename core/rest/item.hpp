// The answer of one entity: whole or cut down, with its ETag. [any-thread]
#pragma once
#include "core/model/ids.hpp"
#include "core/rest/answer.hpp"
#include "core/rest/router.hpp"

namespace storm::rest {

// What `call.id` names in the collection of that kind; takes `fields` and `exclude`.
Answer item_answer(const Call& call, EntityKind kind);

}  // namespace storm::rest
