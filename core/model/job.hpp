// A job: one leased run of a procedure. A plain value. pending -> running -> done or error; running
// -> pending when its owner is deleted or goes offline.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

struct Job {
  Id id;
  std::string type;
  std::optional<Id> owner;   // the agent that runs it
  std::optional<Id> target;  // a resource
  std::optional<Id> procedure;
  std::string content;
  Value options = Value::object();
  Value params = Value::object();
  JobStatus status = JobStatus::Pending;
  Value result;  // null until it ended
  WallTime created = 0;
};

Value to_value(const Job& job);

struct JobDraft {
  Job job;
  std::optional<std::string> owner, target, procedure;  // as written
};
JobDraft read_job(const Value& body, const Job* known, std::vector<Problem>& problems);

}  // namespace storm
