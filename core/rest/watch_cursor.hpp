// WatchCursor: a place in a log of events, as clients keep it. Its text is opaque to them: which
// log, up to which revision, and a check that finds what was cut or made up. A value. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace storm::rest {

struct WatchCursor {
  std::uint32_t log = 0;  // Engine::log_id()
  std::uint64_t revision = 0;

  std::string to_text() const;
  // InvalidArgument for what no server has given out; the message names the text.
  static Result<WatchCursor> parse(std::string_view text);
  friend bool operator==(const WatchCursor&, const WatchCursor&) = default;
};

}  // namespace storm::rest
