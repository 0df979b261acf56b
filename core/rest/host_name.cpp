#include "core/rest/host_name.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace storm::rest {

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
