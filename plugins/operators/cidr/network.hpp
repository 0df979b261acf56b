// Network: a block of IPv4 or IPv6 addresses, as "10.0.0.0/8", "2001:db8::/32" or a single address.
// A value. [any-thread]
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storm::cidr {

inline constexpr std::size_t kAddressTextMax = 64;  // with brackets, prefix length or port

struct Address {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // the first 4 of an IPv4 address
};

// "10.0.0.1" or "2001:db8::1"; nothing else, no zone, no octets with leading zeros.
std::optional<Address> parse_address(std::string_view text) noexcept;

// The address in a value: also with a prefix length ("10.0.0.5/24", as Docker writes them), with a
// port ("10.0.0.5:80", "[2001:db8::1]:80") or in brackets.
std::optional<Address> address_in(std::string_view value) noexcept;

class Network {
 public:
  // Throws a Fault of STORM_E_INVALID that says what is wrong, and what was meant where that is
  // clear.
  static Network parse(const std::string& text);

  bool contains(const Address& address) const noexcept;
  // The beginnings of the texts of all its addresses; nothing when they cannot be told: of IPv6,
  // which is written in many ways, and of all of IPv4.
  std::optional<std::vector<std::string>> prefixes() const;

 private:
  Address base_;
  unsigned bits_ = 0;
};

}  // namespace storm::cidr
