// Follows a stream of JSON lines: the events, or a watch of groups and queries. Reconnects by
// itself from the last one it passed on, so that none is lost or told twice. One thread: everything
// is called from there.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"

namespace storm::cli {

// The server says something at least every 10 s; three times that means that it is gone.
inline constexpr std::chrono::seconds kStreamSilenceMax{30};
inline constexpr std::chrono::milliseconds kReconnectDelayMin{100};
inline constexpr std::chrono::milliseconds kReconnectDelayMax{2'000};
inline constexpr std::chrono::minutes kReconnectTimeMax{10};  // then the server counts as lost
inline constexpr std::size_t kEventBytesMax = std::size_t{64} << 20;
inline constexpr std::chrono::milliseconds kTick{100};

struct StreamHandlers {
  // Once, when the server has begun to send: from here on no change is missed.
  std::function<std::optional<ErrorBlock>()> on_open = {};
  // Each event, in order. Returning false ends the stream.
  std::function<bool(const Value& event)> on_event;
  // Every kTick or more often, also when nothing happens.
  std::function<void()> on_tick = {};
  // A lost connection, and a found one.
  std::function<void(bool connected)> on_connection = {};
};

// The server's word that changes are missing: they are no longer kept, it has started anew, or they
// were too many to be told one by one.
bool is_gap(const Value& event);

// `start`: the first event wanted; none: those from now on. Returns why it ended, if not by a
// handler.
std::optional<ErrorBlock> follow_events(const ClientOptions& options,
                                        std::optional<std::int64_t> start,
                                        const StreamHandlers& handlers);

// What a watch is about; without any of the first four, everything.
struct WatchRequest {
  std::vector<std::string> groups;
  std::vector<std::string> resources;
  std::vector<std::string> types;
  std::vector<std::string> queries;
  bool initial = false;
  std::string since;  // a cursor
};

// Bookmarks are not passed on.
std::optional<ErrorBlock> follow_watch(const ClientOptions& options, const WatchRequest& request,
                                       const StreamHandlers& handlers);

}  // namespace storm::cli
