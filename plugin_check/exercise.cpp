#include "plugin_check/checked_instance.hpp"
#include "plugin_check/listing.hpp"
#include "plugin_check/operator_checks.hpp"
#include "plugin_check/storage_checks.hpp"

namespace storm::plugin_check {

void exercise(CheckedInstance& instance) {
  const std::string& kind = instance.context().manifest().kind;
  if (kind == "executor") {
    list_scope(instance, scopes_of(instance).front());
  } else if (kind == "storage") {
    exercise_storage(instance);
  } else if (kind == "operator") {
    exercise_operator(instance);
  }
}

}  // namespace storm::plugin_check
