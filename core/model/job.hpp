// A job: one leased run of a procedure. A plain value. pending -> running -> done or error; running
// -> pending when its owner is deleted or goes offline.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/fields.hpp"
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
  Reference owner, target, procedure;
};
JobDraft read_job(const Value& body, const Job* known, std::vector<Problem>& problems);

// Rows of the store.
std::string to_row(const Job& job);
Result<Job> job_from_row(Id id, const std::string& row);

}  // namespace storm
