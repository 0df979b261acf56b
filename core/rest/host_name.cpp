#include "core/rest/host_name.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace storm::rest {
namespace {

// What stands behind the host in "host:port" or "[::1]:port"; the default where nothing does.
std::string_view port_of(std::string_view authority, std::string_view by_default) {
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon + 1 < authority.size() &&
                        authority.find(']', colon) == std::string_view::npos;
  return has_port ? authority.substr(colon + 1) : by_default;
}

}  // namespace

bool is_same_site(std::string_view origin, std::string_view host) {
  const bool is_https = origin.starts_with("https://");
  if (!is_https && !origin.starts_with("http://")) return false;
  const std::string_view by_default = is_https ? "443" : "80";
  return host_of(origin) == host_of(host) &&
         port_of(origin.substr(origin.find("://") + 3), by_default) == port_of(host, by_default);
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
