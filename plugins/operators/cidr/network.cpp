#include "network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "storm/cpp/fault.hpp"

namespace storm::cidr {
namespace {

constexpr unsigned kBitsV4 = 32;
constexpr unsigned kBitsV6 = 128;

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw sdk::Fault(STORM_E_INVALID, "\"" + text.substr(0, 80) + "\" " + what);
}

std::optional<unsigned> parse_number(std::string_view text, unsigned max) noexcept {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end || number > max) {
    return std::nullopt;
  }
  return number;
}

// All bits behind the first `bits` are zero.
Address masked(Address address, unsigned bits) noexcept {
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const unsigned begin = static_cast<unsigned>(i) * 8;
    const unsigned kept = bits <= begin ? 0 : std::min(bits - begin, 8U);
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00U >> kept));
  }
  return address;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) noexcept {
  std::array<char, kAddressTextMax + 1> terminated{};
  if (text.empty() || text.size() > kAddressTextMax) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated.data(), text.data(), text.size());
  Address address;
  address.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.data(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::optional<Address> address_in(std::string_view value) noexcept {
  if (value.empty() || value.size() > kAddressTextMax) return std::nullopt;
  if (value.front() == '[') {
    const std::size_t close = value.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = value.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !parse_number(rest.substr(1), 65535))) {
      return std::nullopt;
    }
    const auto address = parse_address(value.substr(1, close - 1));
    return address && address->v6 ? address : std::nullopt;
  }
  if (const std::size_t slash = value.find('/'); slash != std::string_view::npos) {
    const auto address = parse_address(value.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned max = address->v6 ? kBitsV6 : kBitsV4;
    return parse_number(value.substr(slash + 1), max) ? address : std::nullopt;
  }
  const std::size_t colon = value.find(':');
  if (colon != std::string_view::npos && value.find(':', colon + 1) == std::string_view::npos) {
    const auto address = parse_address(value.substr(0, colon));
    return parse_number(value.substr(colon + 1), 65535) ? address : std::nullopt;
  }
  return parse_address(value);
}

Network Network::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(std::string_view(text).substr(0, slash));
  if (!address) {
    refuse(text, "is no network; write one as 10.0.0.0/8 or 2001:db8::/32, or one address");
  }
  const unsigned max = address->v6 ? kBitsV6 : kBitsV4;
  Network network;
  network.base_ = *address;
  network.bits_ = max;
  if (slash != std::string::npos) {
    const auto bits = parse_number(std::string_view(text).substr(slash + 1), max);
    if (!bits) {
      refuse(text, "has no prefix length from 0 to " + std::to_string(max) + " behind the slash");
    }
    network.bits_ = *bits;
  }
  const Address base = masked(*address, network.bits_);
  if (base.bytes != address->bytes) {
    refuse(text, "has bits behind its prefix; the network is " + to_text(base) + "/" +
                     std::to_string(network.bits_) + ", the address alone " + to_text(*address));
  }
  return network;
}

bool Network::contains(const Address& address) const noexcept {
  return address.v6 == base_.v6 && masked(address, bits_).bytes == base_.bytes;
}

std::optional<std::vector<std::string>> Network::prefixes() const {
  if (base_.v6 || bits_ == 0) return std::nullopt;
  std::string begin;
  const std::size_t whole = bits_ / 8;
  for (std::size_t i = 0; i < whole; ++i) {
    begin += std::to_string(base_.bytes[i]) + (i < 3 ? "." : "");
  }
  const unsigned rest = bits_ % 8;
  if (rest == 0) return std::vector{begin};
  std::vector<std::string> all;
  const unsigned first = base_.bytes[whole];
  for (unsigned octet = first; octet < first + (1U << (8 - rest)); ++octet) {
    all.push_back(begin + std::to_string(octet) + (whole < 3 ? "." : ""));
  }
  return all;
}

}  // namespace storm::cidr
