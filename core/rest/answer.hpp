// What a route answers: a status, headers and a body that is whole, made piece by piece, or a
// stream of events. Free of the HTTP library.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace storm {
struct State;
}

namespace storm::rest {

inline constexpr std::size_t kPieceBytes = 64 * 1024;  // about so much is made and sent at a time
inline constexpr std::size_t kLargePieceBytes = 4 * kPieceBytes;  // while the client keeps up

// Appends the next piece, about so many bytes; false when that was the last one.
using Pieces = std::function<bool(std::string& out, std::size_t bytes)>;

// The connection becomes a stream of the events after `after`.
struct EventsAfter {
  std::uint64_t after = 0;
};

class Watcher;
// The connection becomes a watch, over a WebSocket when that is what the client asked for.
struct WatchStart {
  std::shared_ptr<Watcher> watcher;
  bool websocket = false;
};

// The connection becomes a stream of lines about the state: `next` is asked at once and after
// publications, some time apart. An empty one: nothing new; none: that was all.
struct StateLines {
  std::function<std::optional<std::string>(const State&)> next;
};

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::variant<std::string, Pieces, EventsAfter, StateLines, WatchStart> body;

  Answer& with(std::string name, std::string value) & {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Answer&& with(std::string name, std::string value) && {
    return std::move(with(std::move(name), std::move(value)));
  }
};

inline Answer json_answer(unsigned status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}
inline Answer empty_answer(unsigned status) {
  Answer answer;
  answer.status = status;
  answer.content_type.clear();
  answer.body = std::string();
  return answer;
}

// Makes the answer a slice of work at a time; nothing: not done yet, call again. Runs on the thread
// of the connection, between the slices others get their turn.
using Work = std::function<std::optional<Answer>()>;
// Takes the work of answering. Called once, from any thread; never waits.
using Reply = std::function<void(Work)>;

}  // namespace storm::rest
