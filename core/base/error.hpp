// What went wrong, in words for the person who asked. A value.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace storm {

// Each code maps to one HTTP status (core/rest) and one C status (core/plugin_host).
enum class Errc {
  InvalidArgument,  // the input is wrong
  NotFound,
  AlreadyExists,
  Conflict,  // not in the state that the action needs; somebody else was faster
  PreconditionFailed,
  TooLarge,     // over a named limit
  Unavailable,  // not now; trying again may help
  TimedOut,
  Cancelled,
  Io,  // the disk or the system refused
  NoSpace,
  PluginFault,  // a plugin broke the contract
  Unsupported,
  Internal,
};
std::string_view name_of(Errc code);

// One fault at one place of an input. `pointer` is a JSON pointer (RFC 6901) into what was sent:
// "/names/0".
struct Problem {
  std::string pointer;
  std::string message;
};

struct Error {
  Errc code = Errc::Internal;
  std::string message;
  std::vector<Problem> problems = {};  // per place, for inputs with fields; may be empty
};

}  // namespace storm
