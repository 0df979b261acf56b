// A procedure: a stored, templated action of a type. A plain value.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"

namespace storm {

struct Procedure {
  Id id;
  std::string type;
  std::optional<std::string> name;
  std::string content;
  Value options = Value::object();
  Value params = Value::object();
};

Value to_value(const Procedure& procedure);
Procedure read_procedure(const Value& body, const Procedure* known, std::vector<Problem>& problems);

// From a row of the store.
Result<Procedure> procedure_from_row(Id id, const std::string& row);

}  // namespace storm
