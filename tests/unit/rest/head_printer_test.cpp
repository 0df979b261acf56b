#include "core/rest/head_printer.hpp"

#include <string>

#include "catch.hpp"

namespace storm::rest {
namespace {

constexpr WallTime kNoon = 784111777 * kNanosecondsPerSecond;

std::string head_of(HeadPrinter& printer, const Answer& answer, bool keep_alive, WallTime now) {
  std::string text;
  printer.append(text, answer, keep_alive, now);
  return text;
}

TEST_CASE("head printer: prints what clients are told before the body", "[rest]") {
  HeadPrinter printer("1.2");
  CHECK(head_of(printer, json_answer(200, "{}").with("ETag", "\"1\""), true, kNoon) ==
        "HTTP/1.1 200 OK\r\nServer: stormd/1.2\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Type: application/json\r\nCache-Control: no-cache\r\nVary: Accept\r\n"
        "X-Content-Type-Options: nosniff\r\nETag: \"1\"\r\n");
  CHECK(head_of(printer, empty_answer(404), false, kNoon) ==
        "HTTP/1.1 404 Not Found\r\nServer: stormd/1.2\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Cache-Control: no-cache\r\nVary: Accept\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n");
}

TEST_CASE("head printer: the date follows the clock", "[rest]") {
  HeadPrinter printer("1.2");
  const Answer answer = empty_answer(204);
  CHECK(head_of(printer, answer, true, kNoon).find("08:49:37 GMT") != std::string::npos);
  const WallTime later = kNoon + kNanosecondsPerSecond;
  CHECK(head_of(printer, answer, true, later - 1).find("08:49:37 GMT") != std::string::npos);
  CHECK(head_of(printer, answer, true, later).find("08:49:38 GMT") != std::string::npos);
}

}  // namespace
}  // namespace storm::rest
