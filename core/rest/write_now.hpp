// Writes without waiting: nearly always the system takes at once what a client is sent.
#pragma once
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <span>

#include "core/rest/stream.hpp"

namespace storm::rest {

// Writes what the system takes off the front of the buffers. No value: some is left in them; all of
// it under TLS, where writing is more than handing over.
std::optional<boost::system::error_code> write_now(Stream& stream,
                                                   std::span<boost::asio::const_buffer> buffers);

}  // namespace storm::rest
