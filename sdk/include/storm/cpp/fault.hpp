// Fault: why a call failed. Thrown by a plugin's own code, turned into storm_host.fail() and a code
// at the edge; nothing else ever crosses it.
//
//   throw Fault(STORM_E_UNAVAILABLE, "cannot reach tcp://10.0.0.1:2375: connection refused")
//       .layer(STORM_LAYER_NETWORK)
//       .retry_after(std::chrono::seconds(5));
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "storm/cpp/text.hpp"

namespace storm::sdk {

class Fault : public std::exception {
 public:
  // `message` is one line for the operator: what, where, what to do. Empty: the host has already
  // described this failure (as `publish` does), only the code is handed on.
  Fault(storm_rc code, std::string message) : code_(code), message_(std::move(message)) {}

  Fault&& layer(std::uint32_t layer) && {
    layer_ = layer;
    return std::move(*this);
  }
  Fault&& retry(std::uint32_t retry) && {
    retry_ = retry;
    return std::move(*this);
  }
  Fault&& retry_after(std::chrono::milliseconds wait) && {
    retry_ = STORM_RETRY_LATER;
    retry_after_ms_ = static_cast<std::uint64_t>(wait.count());
    return std::move(*this);
  }
  Fault&& provider_code(std::string code) && {
    provider_code_ = std::move(code);
    return std::move(*this);
  }
  Fault&& detail(std::string json) && {
    detail_json_ = std::move(json);
    return std::move(*this);
  }

  storm_rc code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Borrows from this Fault.
  storm_fault raw() const {
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = code_;
    fault.retry = retry_;
    fault.layer = layer_;
    fault.retry_after_ms = retry_after_ms_;
    fault.message = str(message_);
    fault.provider_code = str(provider_code_);
    fault.detail_json = str(detail_json_);
    return fault;
  }

 private:
  storm_rc code_;
  std::uint32_t retry_ = STORM_RETRY_NEVER;
  std::uint32_t layer_ = STORM_LAYER_UNKNOWN;
  std::uint64_t retry_after_ms_ = 0;
  std::string message_;
  std::string provider_code_;
  std::string detail_json_;
};

}  // namespace storm::sdk
