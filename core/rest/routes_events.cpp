// /v1/events: the log as a list (`start`, `count`, `q`) and as a stream of lines (`stream=true`);
// /v1/events/{id}: one of them.
#include <charconv>

#include "core/document/json.hpp"
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

constexpr std::uint64_t kEventsAnsweredDefault = 128;
constexpr std::uint64_t kEventsAnsweredMax = 10'000;
constexpr std::string_view kParameters[] = {"start", "count", "stream", "q"};

Result<bool> read_flag(const Url& url, std::string_view name) {
  const std::string* word = url.find(name);
  if (!word) return false;
  if (*word == "true" || *word == "1" || *word == "True") return true;
  if (*word == "false" || *word == "0" || *word == "False") return false;
  std::string message = "Expected \"true\" or \"false\".";
  return Error{Errc::InvalidArgument,
               std::string(name) + ": " + message,
               {{"?" + std::string(name), std::move(message)}}};
}

struct Wish {
  std::optional<std::uint64_t> start;
  std::uint64_t count = kEventsAnsweredDefault;
  bool stream = false;
  std::optional<Query> query;
};

Result<Wish> read_wish(const Call& call) {
  const Url& url = call.request.url;
  Wish wish;
  if (url.find("start")) wish.start = STORM_TRY(parse_count(url, "start", 0, INT64_MAX, 0));
  wish.count = STORM_TRY(parse_count(url, "count", 0, kEventsAnsweredMax, kEventsAnsweredDefault));
  wish.stream = STORM_TRY(read_flag(url, "stream"));
  wish.query = STORM_TRY(parse_filter(call));
  if (wish.stream && wish.query) {
    std::string message = "A stream takes no query.";
    return Error{Errc::InvalidArgument, message, {{"?q", message}}};
  }
  return wish;
}

// From `start` upwards, or the newest when no start is given; oldest first in either case.
Answer list(const Snapshot& snapshot, const Wish& wish) {
  const auto& events = snapshot->events;
  auto event = events.begin();
  if (wish.start) {
    event = events.lower_bound(*wish.start);
  } else if (!wish.query && events.size() > wish.count) {
    event = wish.count == 0 ? events.end()
                            : events.lower_bound(events.nth(events.size() - wish.count).first);
  }
  std::vector<std::string> lines;
  for (; event != events.end(); ++event) {
    const bool full = lines.size() == wish.count;
    if (full && (wish.start || !wish.query)) break;
    const Value value = to_value(*event->second);
    if (wish.query && !wish.query->matches(ValueView(value))) continue;
    if (full && !lines.empty()) lines.erase(lines.begin());
    if (wish.count > 0) lines.push_back(to_json(value));
  }
  std::string text = "[";
  for (const std::string& line : lines) {
    if (text.size() > 1) text += ',';
    text += line;
  }
  text += "]";
  return json_answer(200, std::move(text))
      .with("Storm-Revision", std::to_string(snapshot->revision));
}

void events(const CallPtr& call, const Reply& reply) {
  Result<Wish> wish = read_wish(*call);
  if (!wish) return refuse(call, reply, wish.error());
  answer_with(reply, [call, wish = std::move(*wish)] {
    const Snapshot snapshot = call->api.engine.snapshot();
    if (!wish.stream) return list(snapshot, wish);
    Answer answer;
    answer.content_type = "application/x-ndjson";
    answer.with("Storm-Revision", std::to_string(snapshot->revision));
    EventsAfter after{snapshot->revision};
    if (wish.start) after.after = *wish.start > 0 ? *wish.start - 1 : 0;
    answer.body = after;
    return answer;
  });
}

void event(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const Snapshot snapshot = call->api.engine.snapshot();
    std::uint64_t number = 0;
    const char* end = call->id.data() + call->id.size();
    const auto [stop, fault] = std::from_chars(call->id.data(), end, number);
    const Shared<Event>* found =
        fault == std::errc() && stop == end ? snapshot->events.get(number) : nullptr;
    if (!found) {
      return error_answer(call->request.format, 404,
                          "There is no event " + call->id + " (any more).");
    }
    return json_answer(200, to_json(to_value(**found)));
  });
}

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/events", events, kParameters},
    {Method::Get, "/v1/events/{id}", event},
};

}  // namespace

std::span<const Route> event_routes() { return kRoutes; }

}  // namespace storm::rest
