#include "core/rest/listen_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace storm::rest {

Result<ListenAddress> ListenAddress::parse(std::string_view text, std::uint16_t port_default) {
  const auto refuse = [&](std::string_view why) {
    return Error{Errc::InvalidArgument,
                 fmt::format("\"{}\" is no address to listen on: {}; write HOST:PORT, for example "
                             "{}:{}",
                             text, why, kHostDefault, kPortDefault)};
  };
  ListenAddress address{std::string(kHostDefault), port_default};
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse("the ']' is missing");
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!is_ip_literal(host)) return refuse("there is no IPv6 address between '[' and ']'");
    if (!port.empty() && port[0] != ':') return refuse("after ']' comes ':' and the port");
  } else if (const std::size_t colon = text.rfind(':');
             colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  } else if (colon != std::string_view::npos && !is_ip_literal(text)) {
    return refuse("it has more than one ':'");
  }
  if (!host.empty()) address.host = host;
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (fault != std::errc() || end != port.data() + port.size()) {
    return refuse("the port is no number from 0 to 65535");
  }
  return address;
}

std::string ListenAddress::to_string() const {
  const bool brackets = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

std::string host_of(std::string_view authority) {
  if (const std::size_t scheme = authority.find("://"); scheme != std::string_view::npos) {
    authority.remove_prefix(scheme + 3);
  }
  if (authority.starts_with('[')) {
    authority = authority.substr(1, authority.find(']') - 1);
  } else {
    authority = authority.substr(0, authority.find(':'));
  }
  std::string host(authority);
  std::ranges::transform(host, host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool is_ip_literal(std::string_view host) {
  boost::system::error_code fault;
  boost::asio::ip::make_address(std::string(host), fault);
  return !fault;
}

}  // namespace storm::rest
