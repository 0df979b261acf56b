#include "core/query/query.hpp"

#include "core/query/condition.hpp"

namespace storm {

bool Query::matches(const DocumentView& document) const {
  return storm::matches(compiled_->condition, document);
}

const std::vector<AccessPredicate>& Query::access() const { return compiled_->access; }

const std::vector<std::string>& Query::fields() const { return compiled_->fields; }

}  // namespace storm
