#include "cli/client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

#include "cli/curl_handle.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

struct Received {
  std::string body;
  std::map<std::string, std::string> headers;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& received = *static_cast<Received*>(user);
  if (received.body.size() + size > kAnswerBytesMax) return 0;
  received.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  const std::string_view line(data, size);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())))
    value.remove_prefix(1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())))
    value.remove_suffix(1);
  static_cast<Received*>(user)->headers[name] = std::string(value);
  return size;
}

bool is_loopback(std::string_view host) {
  if (host == "::1" || host == "localhost" || host == "localhost.") return true;
  in_addr address = {};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return false;
  return (ntohl(address.s_addr) >> 24U) == 127;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const std::string_view given = text;
  const auto wrong = [&] {
    return Error{Errc::InvalidArgument,
                 fmt::format("\"{}\" is no address; write HOST or HOST:PORT", given)};
  };
  std::string scheme = "http";
  if (const std::size_t at = text.find("://"); at != std::string_view::npos) {
    scheme = text.substr(0, at);
    if (scheme != "http" && scheme != "https") return wrong();
    text.remove_prefix(at + 3);
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  std::string_view host = text;
  std::string_view port;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool bare_ipv6 = bracket == std::string_view::npos && text.find(':') != colon;
  if (!bare_ipv6 && colon != std::string_view::npos &&
      (bracket == std::string_view::npos || colon > bracket)) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return wrong();
  }
  int number = kDefaultPort;
  if (!port.empty()) {
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (problem != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
      return wrong();
  }
  if (host.empty() || host.find_first_of("/?#@ \t\r\n") != std::string_view::npos) return wrong();
  const std::string shown =
      bare_ipv6 ? fmt::format("[{}]:{}", host, number) : fmt::format("{}:{}", host, number);
  return Address{scheme + "://" + shown, shown};
}

Result<void> check_token_is_safe(const ClientOptions& options) {
  if (options.token.empty() || options.address.url.starts_with("https://")) return {};
  std::string_view host = options.address.shown;
  host = host.substr(0, host.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (is_loopback(host)) return {};
  return Error{Errc::InvalidArgument,
               fmt::format("the token would cross the network in clear; write https://{}",
                           options.address.shown)};
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string path_to(std::string_view collection, std::string_view id, const QueryString& query) {
  std::string path = "/v1/" + std::string(collection);
  if (!id.empty()) path += "/" + percent_encoded(id);
  char separator = '?';
  for (const auto& [key, value] : query) {
    path += separator + key + "=" + percent_encoded(value);
    separator = '&';
  }
  return path;
}

curl_slist* request_headers(const ClientOptions& options) {
  curl_slist* headers =
      curl_slist_append(nullptr, "Accept: application/json, application/problem+json");
  headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  if (!options.token.empty()) {
    headers = curl_slist_append(headers, ("Authorization: Bearer " + options.token).c_str());
  }
  return headers;
}

void prepare(CURL* curl, const ClientOptions& options, const std::string& path) {
  curl_easy_setopt(curl, CURLOPT_URL, (options.address.url + path).c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "stormctl");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the server is asked directly
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(options.timeout, kConnectTimeout).count()));
  if (!options.authority.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.authority.c_str());
}

ErrorBlock unreachable(CURL* curl, CURLcode code, const ClientOptions& options) {
  std::string reason = curl_easy_strerror(code);
  long system_error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system_error);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      if (system_error != 0) {
        reason = std::generic_category().message(static_cast<int>(system_error));
      }
      break;
    case CURLE_COULDNT_RESOLVE_HOST:
      reason = "no such host";
      break;
    case CURLE_OPERATION_TIMEDOUT:
      reason = "no answer in time";
      break;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
      reason = "the connection broke";
      if (options.address.url.starts_with("http://")) {
        reason += "; if it speaks TLS, write https://" + options.address.shown;
      }
      break;
    case CURLE_PARTIAL_FILE:
      reason = "the connection broke";
      break;
    case CURLE_SSL_CONNECT_ERROR:
      reason = "what answers there speaks without TLS, or another TLS: " + reason;
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
      reason = "its certificate is not trusted for this name; --cacert FILE names one to trust";
      break;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      reason = "what answers there does not speak HTTP";
      break;
    case CURLE_WRITE_ERROR:
      reason = "the answer is larger than stormctl takes";
      break;
    default:
      break;
  }
  ErrorBlock block;
  block.exit = ExitCode::Unreachable;
  block.message = fmt::format("cannot reach stormd at {}: {}", options.address.shown, reason);
  return block;
}

struct Client::Handle {
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

Client::Client(ClientOptions options)
    : options_(std::move(options)), handle_(std::make_unique<Handle>()) {
  handle_->headers = request_headers(options_);
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Answer Client::get(const std::string& path) { return perform("GET", path, std::nullopt); }
Answer Client::post(const std::string& path, const Value& body) {
  return perform("POST", path, to_json(body), false);
}
Answer Client::post_repeatable(const std::string& path, std::string_view json) {
  return perform("POST", path, json);
}
Answer Client::put(const std::string& path, const Value& body) {
  return perform("PUT", path, to_json(body));
}
Answer Client::remove(const std::string& path) { return perform("DELETE", path, std::nullopt); }

Answer Client::perform(const std::string& method, const std::string& path,
                       std::optional<std::string_view> body, bool repeatable) {
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);
  prepare(curl, options_, path);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle_->headers);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  // On a kept connection that ends without an answer, curl would send it a second time.
  if (!repeatable) curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  if (body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  Received received;
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &received);

  const CURLcode code = curl_easy_perform(curl);
  Answer answer;
  if (code != CURLE_OK) {
    answer.error = unreachable(curl, code, options_);
    if (options_.debug)
      fmt::print(stderr, "debug: {} {}: {}\n", method, path, curl_easy_strerror(code));
    return answer;
  }
  long status = 0;
  curl_off_t microseconds = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &microseconds);
  answer.status = static_cast<int>(status);
  answer.headers = std::move(received.headers);
  if (options_.debug) {
    fmt::print(stderr, "debug: {} {}{}: {}, {} bytes, {:.1f} ms\n", method, options_.address.url,
               path, status, received.body.size(), static_cast<double>(microseconds) / 1000);
  }
  if (!received.body.empty()) {
    auto parsed = parse_json(received.body);
    if (parsed) {
      answer.body = std::move(*parsed);
    } else if (status < 400) {
      ErrorBlock block;
      block.message = fmt::format("{} answered something that is not JSON: {}",
                                  options_.address.shown, parsed.error().message);
      answer.error = std::move(block);
      return answer;
    }
  }
  if (status >= 300) answer.error = error_of_answer(answer.status, answer.body);
  return answer;
}

}  // namespace storm::cli
