// /v1/status: the whole in a few counts.
#include <set>

#include "core/document/json.hpp"
#include "core/engine/coverage.hpp"
#include "core/engine/members.hpp"
#include "core/rest/api.hpp"

namespace storm::rest {
namespace {

Value status_of(const State& state, const Census& census) {
  Value resources = Value::object();
  const std::uint64_t total = state.resources.size();
  const std::uint64_t grouped = grouped_count(state);
  resources.add("total", total);
  resources.add("in_groups", grouped);
  resources.add("not_in_groups", total - grouped);
  Value by_status = Value::object();
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    if (census.by_status[i] > 0) by_status.add(std::string(kStatusNames[i]), census.by_status[i]);
  }
  resources.add("by_status", std::move(by_status));
  resources.add("stale", census.stale);

  std::array<std::uint64_t, kJobStatusNames.size()> job_counts = {};
  for (const auto& [uuid, job] : state.jobs) ++job_counts[static_cast<std::size_t>(job->status)];
  Value jobs_by_status = Value::object();
  for (std::size_t i = 0; i < job_counts.size(); ++i) {
    if (job_counts[i] > 0) jobs_by_status.add(std::string(kJobStatusNames[i]), job_counts[i]);
  }

  std::uint64_t online = 0;
  for (const auto& [uuid, agent] : state.agents) online += agent->online ? 1 : 0;

  const auto count = [](std::uint64_t number) { return Value(Value::Object{{"total", number}}); };
  Value status = Value::object();
  status.add("revision", state.revision);
  const Coverage coverage = coverage_of(state);
  Value groups = count(state.groups.size());
  if (!coverage.empty_groups.empty())
    groups.add("empty", std::uint64_t{coverage.empty_groups.size()});
  status.add("groups", std::move(groups));
  status.add("resources", std::move(resources));
  Value applications = count(state.applications.size());
  if (!coverage.unhealthy.empty())
    applications.add("unhealthy", std::uint64_t{coverage.unhealthy.size()});
  status.add("applications", std::move(applications));
  status.add("procedures", count(state.procedures.size()));
  Value jobs = count(state.jobs.size());
  jobs.add("by_status", std::move(jobs_by_status));
  status.add("jobs", std::move(jobs));
  status.add("subscriptions", count(state.subscriptions.size()));
  status.add("views", count(state.views.size()));
  Value agents = count(state.agents.size());
  agents.add("online", online);
  agents.add("offline", state.agents.size() - online);
  status.add("agents", std::move(agents));
  return status;
}

void status(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const Snapshot snapshot = call->api.engine.snapshot();
    const auto census = call->api.census.of(snapshot);
    return json_answer(200, to_json(status_of(*snapshot, *census)))
        .with("Storm-Revision", std::to_string(snapshot->revision));
  });
}

constexpr Route kRoutes[] = {{Method::Get, "/v1/status", status}};

}  // namespace

std::span<const Route> status_routes() { return kRoutes; }

}  // namespace storm::rest
