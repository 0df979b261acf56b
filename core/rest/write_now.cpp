#include "core/rest/write_now.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstddef>

namespace storm::rest {

namespace asio = boost::asio;

std::optional<boost::system::error_code> write_now(Stream& stream,
                                                   std::span<asio::const_buffer> buffers) {
  if (stream.is_secure()) return std::nullopt;
  boost::system::error_code fault;
  std::size_t sent = stream.socket().write_some(buffers, fault);
  if (fault && fault != asio::error::would_block) return fault;
  std::size_t left = 0;
  for (asio::const_buffer& buffer : buffers) {
    const std::size_t done = std::min(sent, buffer.size());
    buffer += done;
    sent -= done;
    left += buffer.size();
  }
  return left == 0 ? std::optional(boost::system::error_code()) : std::nullopt;
}

}  // namespace storm::rest
