// The index, the version, and what the watchers of a server ask: is it healthy, is it ready, what
// does it count.
#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/rest/api.hpp"
#include "core/rest/watch_feed.hpp"

namespace storm::rest {
namespace {

void to_index(const CallPtr&, const Reply& reply) {
  answer_with(reply, [] { return empty_answer(302).with("Location", "/v1/"); });
}

void index(const CallPtr&, const Reply& reply) {
  answer_with(reply, [] {
    Value links = Value::object();
    for (const EntityKind kind : kAllEntityKinds) {
      const std::string collection(collection_of(kind));
      links.add(collection, "/v1/" + collection);
    }
    for (const std::string name : {"events", "watch", "status", "version"})
      links.add(name, "/v1/" + name);
    return json_answer(200, to_json(links));
  });
}

void version(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    return json_answer(
        200, to_json(Value(Value::Object{
                 {"name", "Perfect Storm"}, {"version", call->api.version}, {"api", "v1"}})));
  });
}

void healthz(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const Engine& engine = call->api.engine;
    const Result<void> store = engine.store_health();
    Value body(Value::Object{{"status", store ? "ok" : "failing"},
                             {"store", engine.durable() ? "durable" : "memory"}});
    if (store) return json_answer(200, to_json(body));
    body.add("reason", store.error().message);
    return json_answer(503, to_json(body));
  });
}

// Ready: every source of this stormd has told all there is, so that what is listed is what exists.
void readyz(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const Snapshot snapshot = call->api.engine.snapshot();
    Value sources = Value::array();
    for (const auto& [uuid, agent] : snapshot->agents) {
      if (!agent->source) continue;
      const SourceState state = agent->source->state;
      if (state != SourceState::Connecting && state != SourceState::Lost) continue;
      sources.push_back(Value::Object{{"id", agent->id.to_string()},
                                      {"type", agent->type},
                                      {"name", agent->name ? Value(*agent->name) : Value()},
                                      {"state", name_of(state)},
                                      {"summary", agent->source->summary}});
    }
    const bool ready = sources.as_array().empty();
    Value body(Value::Object{{"ready", ready}, {"not_synced", std::move(sources)}});
    return json_answer(ready ? 200 : 503, to_json(body));
  });
}

// The text format of Prometheus.
class Exposition {
 public:
  void start(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Number>
  void add(std::string_view name, Number value,
           const std::vector<std::pair<std::string, std::string>>& labels = {}) {
    text_ += name;
    if (!labels.empty()) {
      char separator = '{';
      for (const auto& [key, content] : labels) {
        text_ += separator;
        text_ += key + "=\"";
        for (const char c : content) {
          if (c == '\\' || c == '"') text_ += '\\';
          text_ += c == '\n' ? std::string("\\n") : std::string(1, c);
        }
        text_ += '"';
        separator = ',';
      }
      text_ += '}';
    }
    text_ += fmt::format(" {}\n", value);
  }
  template <typename Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    start(name, type, help);
    add(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_engine(Exposition& out, const EngineCounters& counters) {
  out.single("storm_commands_total", "counter", "Commands that the engine has taken.",
             counters.commands);
  out.single("storm_batches_total", "counter", "Batches of commands, each one publication.",
             counters.batches);
  out.single("storm_commits_total", "counter", "Transactions of the store.", counters.commits);
  out.single("storm_commit_failures_total", "counter", "Transactions that the store refused.",
             counters.commit_failures);
  out.single("storm_rows_written_behind_total", "counter", "Rows written after they were shown.",
             counters.behind_rows);
  out.single("storm_rows_waiting", "gauge", "Rows shown and not yet written.",
             counters.behind_waiting);
  out.single("storm_write_behind_failures_total", "counter", "Writes behind that failed.",
             counters.behind_failures);
}

void add_model(Exposition& out, const State& state, const Census& census) {
  out.single("storm_revision", "gauge", "Revision of the last change.", state.revision);
  out.start("storm_resources", "gauge", "Resources by type.");
  for (const auto& [type, count] : census.by_type) {
    out.add("storm_resources", count, {{"type", type}});
  }
  out.single("storm_resources_stale", "gauge", "Resources whose source is lost or in doubt.",
             census.stale);
  out.start("storm_entities", "gauge", "Entities by kind.");
  for (const EntityKind kind : kAllEntityKinds) {
    out.add("storm_entities", state.count(kind), {{"kind", std::string(name_of(kind))}});
  }
  out.start("storm_agent_online", "gauge", "1 for an agent that is online.");
  for (const auto& [uuid, agent] : state.agents) {
    out.add(
        "storm_agent_online", agent->online ? 1 : 0,
        {{"id", agent->id.to_string()}, {"type", agent->type}, {"name", agent->name.value_or("")}});
  }
  out.start("storm_source_state", "gauge", "1 for the state that a source is in.");
  for (const auto& [uuid, agent] : state.agents) {
    if (!agent->source) continue;
    out.add("storm_source_state", 1,
            {{"name", agent->name.value_or("")},
             {"state", std::string(name_of(agent->source->state))}});
  }
}

void add_traffic(Exposition& out, const Traffic& traffic) {
  out.start("storm_http_answers_total", "counter", "Answers by HTTP status.");
  for (std::size_t status = 0; status < traffic.answers_by_status.size(); ++status) {
    const std::uint64_t count = traffic.answers_by_status[status].load();
    if (count > 0) {
      out.add("storm_http_answers_total", count, {{"status", std::to_string(status)}});
    }
  }
  out.single("storm_http_connections", "gauge", "Open connections.", traffic.connections.load());
  out.single("storm_http_connections_total", "counter", "Connections so far.",
             traffic.connections_total.load());
  out.single("storm_http_connections_refused_total", "counter",
             "Connections answered with 503 because there were too many.",
             traffic.connections_refused.load());
  out.single("storm_event_streams", "gauge", "Clients that follow the events.",
             traffic.event_streams.load());
  out.single("storm_event_gaps_total", "counter", "Times a client fell out of the event log.",
             traffic.event_gaps.load());
  out.single("storm_watchers", "gauge", "Clients of /v1/watch.", traffic.watchers.load());
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void add_more(Exposition& out, std::vector<Metric> metrics) {
  for (Metric& metric : metrics) {
    std::ranges::replace_if(
        metric.name, [](char c) { return !is_name_character(c); }, '_');
  }
  std::ranges::stable_sort(metrics, {}, &Metric::name);
  const std::string* last = nullptr;
  for (const Metric& metric : metrics) {
    if (!last || *last != metric.name) {
      out.start(metric.name,
                metric.counter || metric.name.ends_with("_total") ? "counter" : "gauge",
                "Told by a plugin.");
    }
    last = &metric.name;
    out.add(metric.name, metric.value, metric.labels);
  }
}

void metrics(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const Api& api = call->api;
    const Snapshot snapshot = api.engine.snapshot();
    Exposition out;
    out.start("storm_build_info", "gauge", "1; the version is a label.");
    out.add("storm_build_info", 1, {{"version", api.version}});
    add_engine(out, api.engine.counters());
    add_model(out, *snapshot, *api.census.of(snapshot));
    add_traffic(out, api.traffic);
    out.single("storm_watch_gaps_total", "counter", "Times a watcher fell out of the event log.",
               api.feed->gaps());
    if (api.more_metrics) add_more(out, api.more_metrics());
    Answer answer = json_answer(200, out.take());
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return answer;
  });
}

constexpr Route kRoutes[] = {
    {Method::Get, "/", to_index},          {Method::Get, "/v1", index},
    {Method::Get, "/v1/version", version}, {Method::Get, "/healthz", healthz},
    {Method::Get, "/readyz", readyz},      {Method::Get, "/metrics", metrics},
};

}  // namespace

std::span<const Route> system_routes() { return kRoutes; }

std::vector<Route> all_routes() {
  std::vector<Route> routes;
  for (const std::span<const Route> table :
       {system_routes(), status_routes(), event_routes(), watch_routes(), view_routes(),
        plugin_routes(), group_routes(), insight_routes(), job_routes(), procedure_routes(),
        agent_routes(), entity_routes()}) {
    routes.insert(routes.end(), table.begin(), table.end());
  }
  return routes;
}

}  // namespace storm::rest
