// Where to listen: "HOST", "HOST:PORT", "[ADDRESS]:PORT" or ":PORT". A value.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace storm::rest {

inline constexpr std::uint16_t kPortDefault = 28482;
inline constexpr std::string_view kHostDefault = "127.0.0.1";

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = kPortDefault;

  static Result<ListenAddress> parse(std::string_view text, std::uint16_t port_default);
  std::string to_string() const;  // "[::1]:28482"
};

// The host of a Host or Origin header, in lower case, without port and brackets.
std::string host_of(std::string_view authority);
// An IPv4 or IPv6 address written as such.
bool is_ip_literal(std::string_view host);

}  // namespace storm::rest
