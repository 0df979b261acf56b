// The host that a request names in its headers. [any-thread]
#pragma once
#include <string>
#include <string_view>

namespace storm::rest {

// The host of a Host or Origin header, in lower case, without port and brackets.
std::string host_of(std::string_view authority);
// Whether a page of this Origin came from the server that this Host header names: host and port are
// the same; the port of the page's scheme may be left out of either.
bool is_same_site(std::string_view origin, std::string_view host);
// An IPv4 or IPv6 address written as such.
bool is_ip_literal(std::string_view host);

}  // namespace storm::rest
