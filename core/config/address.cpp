#include "core/config/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace storm {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // of a DNS name

Error refuse(std::string message) { return Error{Errc::InvalidArgument, std::move(message)}; }

bool is_ipv4(std::string_view text, in_addr& address) {
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

// With or without a zone ("fe80::1%eth0").
bool is_ipv6(std::string_view text, in6_addr& address) {
  const std::string bare(text.substr(0, text.find('%')));
  return inet_pton(AF_INET6, bare.c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr ignored{};
  return is_ipv6(text, ignored);
}

bool is_host_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= kHostBytesMax && std::ranges::all_of(text, fits);
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::int64_t port = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || text.front() == '-') {
    return refuse(fmt::format("\"{}\" is not a port; give a number from 0 to 65535", text));
  }
  return check_port(port);
}

}  // namespace

Result<std::uint16_t> check_port(std::int64_t port) {
  if (port < 0 || port > 65535) {
    return refuse(fmt::format("port {} does not exist; give a number from 0 to 65535", port));
  }
  return static_cast<std::uint16_t>(port);
}

Result<ParsedAddress> parse_address(std::string_view text) {
  ParsedAddress address;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return refuse(fmt::format("\"{}\" lacks its \"]\"", text));
    address.host = text.substr(1, end - 1);
    if (!is_ipv6(address.host)) {
      return refuse(fmt::format("\"{}\" is not an IPv6 address", address.host));
    }
    rest = text.substr(end + 1);
  } else if (is_ipv6(text)) {
    address.host = text;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    rest = text.substr(colon);
    if (address.host.empty()) {
      return refuse(fmt::format("\"{}\" names no host; give HOST[:PORT]", text));
    }
    if (!is_host_name(address.host)) {
      return refuse(fmt::format("\"{}\" is no host; give HOST[:PORT] or [IPV6]:PORT", text));
    }
  }
  if (rest.empty()) return address;
  if (rest.size() < 2 || rest.front() != ':') {
    return refuse(fmt::format("\"{}\" is no address; give HOST[:PORT] or [IPV6]:PORT", text));
  }
  address.port = STORM_TRY(parse_port(rest.substr(1)));
  return address;
}

bool is_loopback(std::string_view literal) {
  in_addr four{};
  if (is_ipv4(literal, four)) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  if (!is_ipv6(literal, six)) return false;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return six.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&six);
}

Reach reach_of(std::string_view host) {
  if (is_loopback(host) || host == "localhost") return Reach::Loopback;
  in_addr four{};
  return is_ipv4(host, four) || is_ipv6(host) ? Reach::Remote : Reach::Unknown;
}

std::string to_text(const Address& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", address.host, address.port)
             : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace storm
