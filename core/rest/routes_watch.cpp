// /v1/watch: what changes in groups, resources, types and queries, as it changes: as server-sent
// events, as JSON lines (`Accept: application/x-ndjson` or `format=ndjson`) or over a WebSocket.
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/watch_cursor.hpp"
#include "core/rest/watch_feed.hpp"
#include "core/rest/watcher.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kParameters[] = {"group", "resource", "type", "q", "initial", "since"};
constexpr std::string_view kRepeatable[] = {"group", "resource", "type", "q"};

// Where to begin; a client that lost its connection says it by the header of server-sent events.
Result<void> read_start(const Call& call, Watcher::Options& options) {
  const Request& request = call.request;
  const Snapshot snapshot = call.api.engine.snapshot();
  options.initial = STORM_TRY(parse_flag(request.url, "initial"));
  options.after = snapshot->revision;
  const std::string* since = request.url.find("since");
  const bool by_header = !request.last_event_id.empty();
  if (!since && !by_header) return {};
  const Result<WatchCursor> cursor = WatchCursor::parse(by_header ? request.last_event_id : *since);
  if (!cursor) {
    const std::string place = by_header ? "Last-Event-ID" : "?since";
    return Error{Errc::InvalidArgument, cursor.error().message, {{place, cursor.error().message}}};
  }
  options.initial = false;  // it knows what was there
  options.lost = cursor->log != call.api.engine.log_id() || cursor->revision > snapshot->revision;
  options.after = options.lost ? 0 : cursor->revision;
  return {};
}

WatchForm form_of(const Request& request) {
  if (request.websocket) return WatchForm::Text;
  const std::string* format = request.url.find("format");
  if (format && (*format == "ndjson" || *format == "json")) return WatchForm::Ndjson;
  if (format && *format == "sse") return WatchForm::Sse;
  return request.lines ? WatchForm::Ndjson : WatchForm::Sse;
}

Result<Answer> begin(const Call& call) {
  Watcher::Options options;
  options.form = form_of(call.request);
  const Snapshot snapshot = call.api.engine.snapshot();
  options.selectors =
      STORM_TRY(parse_selectors(call.request.url, *snapshot, call.api.engine.operators()));
  options.implied = options.selectors.front()->kind == WatchSelector::Kind::All;
  for (const SelectorPtr& selector : options.selectors) {
    if (selector->query && !call.api.feed->has_room_for_queries()) {
      return Error{Errc::Unavailable, "Too many queries are watched; try again."};
    }
  }
  STORM_TRY(read_start(call, options));
  Answer answer;
  answer.content_type =
      options.form == WatchForm::Sse ? "text/event-stream" : "application/x-ndjson";
  answer.with("Storm-Revision", std::to_string(snapshot->revision));
  answer.with("X-Accel-Buffering", "no");  // proxies would hold lines back
  if (call.request.method == Method::Head) {
    answer.body = std::string();
    return answer;
  }
  answer.body =
      WatchStart{std::make_shared<Watcher>(call.api.engine, call.api.feed, std::move(options)),
                 call.request.websocket};
  return answer;
}

void watch(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    Result<Answer> answer = begin(*call);
    return answer ? std::move(*answer) : error_answer(call->request.format, answer.error());
  });
}

constexpr Route kRoutes[] = {{Method::Get, "/v1/watch", watch, kParameters, kRepeatable}};

}  // namespace

std::span<const Route> watch_routes() { return kRoutes; }

}  // namespace storm::rest
