// A request as the routes see it: taken apart, limits checked. A plain value, free of the HTTP
// library.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/rest/url.hpp"

namespace storm::rest {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };
inline constexpr std::string_view kMethodNames[] = {"GET",   "HEAD",   "POST",    "PUT",
                                                    "PATCH", "DELETE", "OPTIONS", ""};

// What the client wants to read: JSON and the original's errors, JSON and RFC 9457 errors, or
// pages.
enum class Format : std::uint8_t { Json, Problem, Html };

struct Request {
  Method method = Method::Get;
  Url url;
  Format format = Format::Json;
  bool acceptable = true;  // false: Accept names nothing that is served here
  std::string if_match;
  std::string if_none_match;
  std::string last_event_id;
  bool lines = false;      // Accept prefers JSON lines to a stream of server-sent events
  bool websocket = false;  // asks for an upgrade
  std::string body;
};

// From the Accept header; `acceptable` as above.
struct Acceptance {
  Format format = Format::Json;
  bool acceptable = true;
  bool lines = false;
};
Acceptance read_accept(std::string_view header);

}  // namespace storm::rest
