#include "core/rest/head_printer.hpp"

#include <fmt/format.h>

#include <boost/beast/http/status.hpp>
#include <ctime>
#include <iterator>

namespace storm::rest {
namespace {

namespace http = boost::beast::http;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::time_t seconds) {
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

void append_status_line(std::string& out, unsigned status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  const auto reason = http::obsolete_reason(http::int_to_status(status));
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} ", status);
  out.append(reason.data(), reason.size()).append("\r\n");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

HeadPrinter::HeadPrinter(const std::string& version) : server_("Server: stormd/" + version) {}

void HeadPrinter::append(std::string& out, const Answer& answer, bool keep_alive, WallTime now) {
  const WallTime second = now / kNanosecondsPerSecond;
  if (second != second_) {
    shared_ = server_ + "\r\nDate: " + http_date(second) + "\r\n";
    second_ = second;
  }
  append_status_line(out, answer.status);
  out += shared_;
  if (!answer.content_type.empty()) append_field(out, "Content-Type", answer.content_type);
  out += "Cache-Control: no-cache\r\nVary: Accept\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : answer.headers) append_field(out, name, value);
  if (!keep_alive) out += "Connection: close\r\n";
}

}  // namespace storm::rest
