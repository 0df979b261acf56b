#include "core/query/query.hpp"

#include <algorithm>

#include "core/query/condition.hpp"

namespace storm {

bool Query::matches(const DocumentView& document) const {
  return storm::matches(compiled_->condition, document);
}

Truth Query::decide(const DocumentView& known,
                    std::span<const std::string_view> known_fields) const {
  return storm::decide(compiled_->condition, known, known_fields);
}

const std::vector<AccessPredicate>& Query::access() const { return compiled_->access; }

const std::vector<std::string>& Query::fields() const { return compiled_->reads.fields; }

const std::vector<std::string>& Query::paths() const { return compiled_->reads.paths; }

const std::vector<std::string>& Query::groups() const { return compiled_->reads.groups; }

std::uint8_t Query::relations() const { return compiled_->reads.relations; }

bool Query::reads_names() const { return compiled_->reads.names; }

bool Query::reads_only(std::span<const std::string_view> fields) const {
  const Reads& reads = compiled_->reads;
  if (reads.names || reads.relations != 0 || !reads.groups.empty()) return false;
  return std::all_of(reads.fields.begin(), reads.fields.end(), [&](const std::string& field) {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
  });
}

}  // namespace storm
