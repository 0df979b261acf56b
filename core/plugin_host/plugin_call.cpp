#include "core/plugin_host/plugin_call.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <limits>

#include "core/plugin_host/abi_text.hpp"

storm_cancel::~storm_cancel() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void storm_cancel::cancel() {
  std::function<void()> listener;
  {
    const std::lock_guard lock(mutex_);
    cancelled_.store(true, std::memory_order_release);
    if (descriptor_ >= 0) ::eventfd_write(descriptor_, 1);
    listener.swap(listener_);
    changed_.notify_all();
  }
  if (listener) listener();
}

void storm_cancel::on_cancel(std::function<void()> listener) {
  {
    const std::lock_guard lock(mutex_);
    if (!cancelled()) {
      listener_.swap(listener);
      return;
    }
  }
  if (listener) listener();
}

int storm_cancel::descriptor() {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) descriptor_ = ::eventfd(cancelled() ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor_;
}

bool storm_cancel::sleep(std::int64_t nanoseconds) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds),
                            [this] { return cancelled(); });
}

void storm_error::set(const storm_fault& fault) {
  if (fault.size < offsetof(storm_fault, detail_json)) return;
  storm::PluginFault copy;
  copy.code = fault.code;
  copy.retry = fault.retry;
  copy.layer = fault.layer;
  copy.retry_after_ms = fault.retry_after_ms;
  copy.message = storm::one_line(storm::text_of(fault.message));
  copy.provider_code = storm::one_line(storm::text_of(fault.provider_code));
  if (STORM_HAS_MEMBER(storm_fault, &fault, detail_json)) {
    copy.detail_json = storm::text_of(fault.detail_json);
  }
  const std::lock_guard lock(mutex_);
  fault_ = std::move(copy);
}

std::optional<storm::PluginFault> storm_error::get() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

namespace storm {

Errc errc_of(storm_rc code) {
  switch (code) {
    case STORM_E_INVALID:
      return Errc::InvalidArgument;
    case STORM_E_UNSUPPORTED:
      return Errc::Unsupported;
    case STORM_E_NOT_FOUND:
      return Errc::NotFound;
    case STORM_E_EXISTS:
      return Errc::AlreadyExists;
    case STORM_E_CONFLICT:
    case STORM_E_FENCED:
      return Errc::Conflict;
    case STORM_E_QUOTA:
      return Errc::NoSpace;
    case STORM_E_DENIED:
    case STORM_E_AUTH:
    case STORM_E_BUSY:
    case STORM_E_UNAVAILABLE:
      return Errc::Unavailable;
    case STORM_E_DEADLINE:
      return Errc::TimedOut;
    case STORM_E_CANCELLED:
      return Errc::Cancelled;
    case STORM_E_CORRUPT:
      return Errc::Io;
    default:
      return Errc::PluginFault;
  }
}

storm_rc rc_of(Errc code) {
  switch (code) {
    case Errc::InvalidArgument:
      return STORM_E_INVALID;
    case Errc::NotFound:
      return STORM_E_NOT_FOUND;
    case Errc::AlreadyExists:
      return STORM_E_EXISTS;
    case Errc::Conflict:
    case Errc::PreconditionFailed:
      return STORM_E_CONFLICT;
    case Errc::TooLarge:
    case Errc::NoSpace:
      return STORM_E_QUOTA;
    case Errc::Unavailable:
    case Errc::Io:
      return STORM_E_UNAVAILABLE;
    case Errc::TimedOut:
      return STORM_E_DEADLINE;
    case Errc::Cancelled:
      return STORM_E_CANCELLED;
    case Errc::Unsupported:
      return STORM_E_UNSUPPORTED;
    case Errc::PluginFault:
    case Errc::Internal:
      return STORM_E_INTERNAL;
  }
  return STORM_E_INTERNAL;
}

std::string name_of_code(storm_rc code) {
  static constexpr const char* kNames[] = {
      "STORM_OK",         "STORM_E_INVALID",   "STORM_E_UNSUPPORTED", "STORM_E_NOT_FOUND",
      "STORM_E_EXISTS",   "STORM_E_CONFLICT",  "STORM_E_FENCED",      "STORM_E_DENIED",
      "STORM_E_AUTH",     "STORM_E_QUOTA",     "STORM_E_BUSY",        "STORM_E_UNAVAILABLE",
      "STORM_E_DEADLINE", "STORM_E_CANCELLED", "STORM_E_CORRUPT",     "STORM_E_INTERNAL"};
  if (code > 0 || code < STORM_E_INTERNAL) return fmt::format("code {}", code);
  return kNames[-code];
}

PluginCall::PluginCall(const Clock& clock, std::uint32_t thread_class, std::int64_t timeout_ns) {
  raw_.size = sizeof raw_;
  raw_.thread_class = thread_class;
  raw_.deadline_mono_ns =
      timeout_ns > 0 ? clock.mono_now() + timeout_ns : std::numeric_limits<std::int64_t>::max();
  raw_.cancel = &cancel_;
  raw_.err = &error_;
}

Error PluginCall::failure(std::string_view who, std::string_view what, storm_rc code) const {
  const std::optional<PluginFault> fault = error_.get();
  if (!fault || fault->message.empty()) {
    return Error{errc_of(code), fmt::format("{}: {} failed with {} and gave no reason", who, what,
                                            name_of_code(code))};
  }
  if (fault->provider_code.empty()) {
    return Error{errc_of(code), fmt::format("{}: {}", who, fault->message)};
  }
  return Error{errc_of(code),
               fmt::format("{}: {} ({})", who, fault->message, fault->provider_code)};
}

Error PluginCall::thrown(std::string_view who, std::string_view what, std::string_view exception) {
  return Error{Errc::PluginFault,
               fmt::format("{}: {} let an exception out of the plugin: {}", who, what, exception)};
}

}  // namespace storm
