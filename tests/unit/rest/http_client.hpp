// A bare HTTP/1.1 client for tests: sends the bytes it is given and takes answers apart. Waits at
// most a few seconds for each read. One thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storm::rest {

struct HttpAnswer {
  int status = 0;
  std::string head;                                 // status line and headers
  std::string body;                                 // unchunked
  std::string header(std::string_view name) const;  // empty: none
};

class HttpClient {
 public:
  // `receive_bytes`: of its buffer in the kernel, for a client that shall soon be full; 0: as
  // usual.
  explicit HttpClient(std::uint16_t port, int receive_bytes = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool send(std::string_view bytes);
  HttpAnswer receive(bool without_body = false);  // status 0: the connection ended
  HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = "",
                     std::string_view headers = "");
  HttpAnswer get(std::string_view target, std::string_view headers = "") {
    return request("GET", target, "", headers);
  }
  // Of a chunked answer under way: what comes next as one line, without its end. Nothing: the end.
  std::optional<std::string> read_line();
  bool ended();  // the server closes within the wait

 private:
  bool fill();  // false: end or no answer in time
  std::optional<std::string> take_line();
  std::optional<std::string> take(std::size_t bytes);

  int socket_ = -1;
  std::string received_;
  std::string chunk_;  // of read_line
};

}  // namespace storm::rest
