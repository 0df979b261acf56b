// The limits of the server, each with its name. A plain value; tests set smaller ones.
#pragma once
#include <chrono>
#include <cstddef>

namespace storm::rest {

struct Limits {
  std::size_t connections_max = 16'384;           // more are answered with 503
  std::size_t event_streams_max = 512;            // of these; more are answered with 503
  std::size_t watchers_max = 12'000;              // of these; more are answered with 503
  std::size_t body_bytes_max = 8U << 20U;         // 413
  std::size_t field_bytes_max = 32U << 10U;       // of all header fields; 431
  std::chrono::milliseconds header_wait{60'000};  // for a request to begin and its header to end
  std::chrono::milliseconds body_wait{30'000};
  std::chrono::milliseconds write_wait{30'000};           // for a client to take the next piece
  std::chrono::milliseconds stream_blank_every{9'000};    // clients expect a line every 10 s
  std::chrono::milliseconds watch_bookmark_every{9'000};  // clients expect one every 10 s
  std::chrono::milliseconds stop_wait{500};
  std::chrono::milliseconds drain_wait{5'000};  // what a refused client still sends
  std::size_t drain_bytes_max = 64U << 20U;
};

}  // namespace storm::rest
