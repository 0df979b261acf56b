#include "core/rest/request.hpp"

#include <algorithm>
#include <cstdlib>

namespace storm::rest {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what is before the next `separator` off the front of `text`.
std::string_view take_item(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view item = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return trim(item);
}

double quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_item(parameters, ';');
    if (parameter.starts_with("q=")) return std::atof(std::string(parameter.substr(2)).c_str());
  }
  return 1;
}

}  // namespace

Acceptance read_accept(std::string_view header) {
  if (trim(header).empty()) return {};
  double html = 0;
  double json = 0;
  double lines = 0;
  double events = 0;
  bool problem = false;
  bool served = false;
  while (!header.empty()) {
    std::string_view rest = take_item(header, ',');
    const std::string_view type = take_item(rest, ';');
    const double quality = quality_of(rest);
    if (quality <= 0) continue;
    if (type == "text/html" || type == "application/xhtml+xml") {
      html = quality > html ? quality : html;
      served = true;
    } else if (type == "application/problem+json") {
      problem = served = true;
    } else if (type == "application/json" || type == "application/*") {
      json = quality > json ? quality : json;
      served = true;
    } else if (type == "application/x-ndjson" || type == "application/ndjson") {
      lines = std::max(lines, quality);
      served = true;
    } else if (type == "text/event-stream") {
      events = std::max(events, quality);
      served = true;
    } else if (type == "*/*" || type == "text/*" || type == "text/plain" ||
               type == "application/openmetrics-text") {
      served = true;
    }
  }
  if (html > json && !problem) return {Format::Html, served, false};
  return {problem ? Format::Problem : Format::Json, served, lines > events};
}

}  // namespace storm::rest
