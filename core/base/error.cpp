#include "core/base/error.hpp"

namespace storm {

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::InvalidArgument:
      return "invalid-argument";
    case Errc::NotFound:
      return "not-found";
    case Errc::AlreadyExists:
      return "already-exists";
    case Errc::Conflict:
      return "conflict";
    case Errc::PreconditionFailed:
      return "precondition-failed";
    case Errc::TooLarge:
      return "too-large";
    case Errc::Unavailable:
      return "unavailable";
    case Errc::TimedOut:
      return "timed-out";
    case Errc::Cancelled:
      return "cancelled";
    case Errc::Io:
      return "io";
    case Errc::NoSpace:
      return "no-space";
    case Errc::PluginFault:
      return "plugin-fault";
    case Errc::Unsupported:
      return "unsupported";
    case Errc::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace storm
