#include "core/query/query.hpp"

#include "core/query/condition.hpp"

namespace storm {

bool Query::matches(const DocumentView& document) const {
  return storm::matches(compiled_->condition, document);
}

const std::vector<AccessPredicate>& Query::access() const { return compiled_->access; }

const std::vector<std::string>& Query::fields() const { return compiled_->fields; }

const std::vector<std::string>& Query::paths() const { return compiled_->paths; }

Truth Query::decide(const DocumentView& known,
                    std::span<const std::string_view> known_fields) const {
  return storm::decide(compiled_->condition, known, known_fields);
}

}  // namespace storm
