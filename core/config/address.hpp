// Address: where stormd listens, as people write it. A value. [any-thread]
//
//   address := HOST | HOST ":" PORT | "[" IPV6 "]" | "[" IPV6 "]" ":" PORT | IPV6
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace storm {

inline constexpr std::uint16_t kDefaultPort = 28482;

struct Address {
  std::string host;        // without brackets
  std::uint16_t port = 0;  // 0: the system chooses
  friend bool operator==(const Address&, const Address&) = default;
};

struct ParsedAddress {
  std::string host;
  std::optional<std::uint16_t> port;
};
// The error says what is wrong with the text, without naming its place.
Result<ParsedAddress> parse_address(std::string_view text);
Result<std::uint16_t> check_port(std::int64_t port);

enum class Reach {
  Loopback,  // this machine only
  Remote,    // from elsewhere, wildcards too
  Unknown    // a host name: known once it is resolved
};
Reach reach_of(std::string_view host);
// Of a literal IPv4 or IPv6 address, such as a resolved one.
bool is_loopback(std::string_view literal);

// "127.0.0.1:28482", "[::1]:28482".
std::string to_text(const Address& address);

}  // namespace storm
