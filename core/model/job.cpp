#include "core/model/job.hpp"

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

Value id_or_null(const std::optional<Id>& id) { return id ? Value(id->to_string()) : Value(); }

}  // namespace

Value to_value(const Job& job) {
  return Value(Value::Object{{"id", job.id.to_string()},
                             {"type", job.type},
                             {"owner", id_or_null(job.owner)},
                             {"target", id_or_null(job.target)},
                             {"procedure", id_or_null(job.procedure)},
                             {"content", job.content},
                             {"options", job.options},
                             {"params", job.params},
                             {"status", name_of(job.status)},
                             {"result", job.result},
                             {"created", to_rfc3339(job.created)}});
}

JobDraft read_job(const Value& body, const Job* known, std::vector<Problem>& problems) {
  JobDraft draft;
  if (known) draft.job = *known;
  Job& job = draft.job;
  FieldReader fields(body, problems);
  const Presence required = known ? Presence::Optional : Presence::Required;
  if (auto type = fields.text("type", required)) job.type = *type;
  draft.owner = fields.reference("owner");
  draft.target = fields.reference("target");
  draft.procedure = fields.reference("procedure");
  if (auto content = fields.content("content", Presence::Optional)) job.content = *content;
  if (auto options = fields.object("options", Presence::Optional)) job.options = *options;
  if (auto params = fields.object("params", Presence::Optional)) job.params = *params;
  if (auto status = fields.choice("status", Presence::Optional, kJobStatusNames)) {
    job.status = static_cast<JobStatus>(*status);
  }
  if (const Value* result = body.find("result")) job.result = *result;
  fields.refuse_misspelled(std::vector<std::string_view>{"id", "type", "owner", "target",
                                                         "procedure", "content", "options",
                                                         "params", "status", "result", "created"});
  return draft;
}

std::string to_row(const Job& job) {
  Value value = to_value(job);
  value.add("created_ns", job.created);
  return to_json(value);
}

Result<Job> job_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  JobDraft draft = read_job(value, nullptr, problems);
  FieldReader fields(value, problems);
  Job& job = draft.job;
  job.id = id;
  job.created = fields.integer("created_ns", Presence::Required, INT64_MIN, INT64_MAX).value_or(0);
  const auto parse = [](const Reference& reference) {
    return reference.text ? Id::parse(*reference.text) : std::nullopt;
  };
  job.owner = parse(draft.owner);
  job.target = parse(draft.target);
  job.procedure = parse(draft.procedure);
  if (!problems.empty()) return invalid(std::move(problems));
  return std::move(job);
}

}  // namespace storm
