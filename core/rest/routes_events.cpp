// /v1/events: the log as a list (`start`, `count`, `q`) and as a stream of lines (`stream=true`);
// /v1/events/{id}: one of them.
#include <charconv>
#include <deque>

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
  wish.stream = STORM_TRY(parse_flag(url, "stream"));
  wish.query = STORM_TRY(parse_filter(call));
  if (wish.stream && wish.query) {
    std::string message = "A stream takes no query.";
    return Error{Errc::InvalidArgument, message, {{"?q", message}}};
  }
  return wish;
}

// From `start` upwards, or the newest when no start is given; oldest first in either case. A query
// is tested on a slice of the log at a time.
class Listed {
 public:
  Listed(CallPtr call, Wish wish) : call_(std::move(call)), wish_(std::move(wish)) {}

  std::optional<Answer> operator()() {
    if (!snapshot_) begin();
    const auto& events = snapshot_->events;
    const MonoTime slice = clock_.mono_now();
    if (wish_.query && slice - started_at_ > kFilterTimeMaxNs) return too_slow(*call_);
    constexpr std::size_t kBetweenLooks = 32;
    std::size_t looked = 0;
    for (auto event = events.lower_bound(next_); event != events.end(); ++event) {
      const bool full = found_.size() >= wish_.count;
      if (full && (wish_.start || !wish_.query || wish_.count == 0)) break;
      if (wish_.query && ++looked % kBetweenLooks == 0 &&
          clock_.mono_now() - slice > kFilterSliceNs) {
        next_ = event->first;
        return std::nullopt;
      }
      if (wish_.query) {
        const Value value = to_value(*event->second);
        if (!wish_.query->matches(ValueView(value))) continue;
      }
      if (full) found_.pop_front();
      found_.push_back(event->second);
    }
    std::string text = "[";
    for (const Shared<Event>& event : found_) {
      if (text.size() > 1) text += ',';
      append_json(text, to_value(*event));
    }
    text += "]";
    return json_answer(200, std::move(text))
        .with("Storm-Revision", std::to_string(snapshot_->revision));
  }

 private:
  void begin() {
    snapshot_ = call_->api.engine.snapshot();
    started_at_ = clock_.mono_now();
    const auto& events = snapshot_->events;
    if (wish_.start) {
      next_ = *wish_.start;
    } else if (!wish_.query && wish_.count > 0 && events.size() > wish_.count) {
      next_ = events.nth(events.size() - wish_.count).first;
    }
  }

  const SystemClock clock_;
  CallPtr call_;
  Wish wish_;
  Snapshot snapshot_;
  MonoTime started_at_ = 0;
  std::uint64_t next_ = 0;  // the event to look at next, or the one after it
  std::deque<Shared<Event>> found_;
};

void events(const CallPtr& call, const Reply& reply) {
  Result<Wish> wish = read_wish(*call);
  if (!wish) return refuse(call, reply, wish.error());
  if (!wish->stream) return reply(Listed(call, std::move(*wish)));
  answer_with(reply, [call, wish = std::move(*wish)] {
    const Snapshot snapshot = call->api.engine.snapshot();
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
