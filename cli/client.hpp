// The REST API of one stormd, over one kept connection. Not thread-safe: one per thread.
// Every wait has a limit; nothing is retried here, because the caller knows what is safe to repeat.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/error_block.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm::cli {

inline constexpr int kDefaultPort = 28482;
inline constexpr std::chrono::milliseconds kConnectTimeout{5'000};
inline constexpr std::chrono::milliseconds kDefaultTimeout{30'000};
inline constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30;  // a million resources

// Where the server is.
struct Address {
  std::string url;    // "http://127.0.0.1:28482", no slash at the end
  std::string shown;  // "127.0.0.1:28482", for messages
};
// HOST, HOST:PORT, [IPV6]:PORT or http(s)://HOST[:PORT].
Result<Address> parse_address(std::string_view text);

struct ClientOptions {
  Address address;
  std::chrono::milliseconds timeout = kDefaultTimeout;
  std::string token;      // sent as a bearer token when not empty
  std::string authority;  // file with the certificates to trust; empty: the system's
  bool debug = false;     // one line per request on standard error
};

// An error when the token would cross the network in clear: without TLS to another machine.
Result<void> check_token_is_safe(const ClientOptions& options);

using QueryString = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;
  Value body;                                  // null for 204
  std::map<std::string, std::string> headers;  // names in lower case
  std::optional<ErrorBlock> error;             // set for 400 and more, and when there was no answer

  bool ok() const { return !error; }
};

std::string percent_encoded(std::string_view text);
// "/v1/groups/front%20end?fields=id"
std::string path_to(std::string_view collection, std::string_view id = {},
                    const QueryString& query = {});

class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Answer get(const std::string& path);
  Answer post(const std::string& path, const Value& body);
  // Of JSON text; one that may arrive twice without harm, so a kept connection is used.
  Answer post_repeatable(const std::string& path, std::string_view json);
  Answer put(const std::string& path, const Value& body);
  Answer remove(const std::string& path);

  const ClientOptions& options() const { return options_; }

 private:
  struct Handle;
  Answer perform(const std::string& method, const std::string& path,
                 std::optional<std::string_view> body, bool repeatable = true);

  ClientOptions options_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace storm::cli
