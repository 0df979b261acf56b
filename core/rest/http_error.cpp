#include "core/rest/http_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "core/document/json.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kGeneral = "non_field_errors";  // faults of the whole, not of a field
constexpr std::string_view kProblemType = "application/problem+json";

// A body can break a rule at each of its places; nobody reads more than this.
constexpr std::size_t kProblemsShownMax = 100;

std::span<const Problem> shown(const Error& error) {
  return std::span(error.problems).first(std::min(error.problems.size(), kProblemsShownMax));
}
// "and 12 more"; empty when all are shown.
std::string hidden(const Error& error) {
  if (error.problems.size() <= kProblemsShownMax) return {};
  return fmt::format("and {} more", error.problems.size() - kProblemsShownMax);
}

struct Place {
  std::string parameter;           // of the URL, else empty
  std::vector<std::string> steps;  // into the body, or into the parameter
  std::string pointer;             // the same as text
};

Place place_of(std::string_view pointer) {
  Place place;
  if (pointer.starts_with('?')) {
    const std::size_t slash = pointer.find('/');
    place.parameter = pointer.substr(1, slash == std::string_view::npos ? slash : slash - 1);
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  place.pointer = pointer;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = pointer.find('/');
    std::string step;
    const std::string_view escaped = pointer.substr(0, slash);
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      if (escaped[i] == '~' && i + 1 < escaped.size()) {
        step += escaped[++i] == '1' ? '/' : '~';
      } else {
        step += escaped[i];
      }
    }
    place.steps.push_back(std::move(step));
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  return place;
}

// Puts a message under a path of fields. A field that has messages of its own and of parts of it
// keeps its own under kGeneral.
void add_message(Value& node, const std::vector<std::string>& steps, const std::string& message) {
  Value* at = &node;
  for (std::size_t i = 0; i <= steps.size(); ++i) {
    const bool last = i == steps.size();
    const std::string_view key = last ? kGeneral : std::string_view(steps[i]);
    Value* next = at->find(key);
    const bool leaf = last || i + 1 == steps.size();
    if (!next) next = &at->set(key, leaf ? Value::array() : Value::object());
    if (next->is_array()) {
      if (leaf) {
        next->push_back(message);
        return;
      }
      Value own = std::move(*next);
      *next = Value::object();
      next->set(kGeneral, std::move(own));
    }
    at = next;
  }
}

// A query's faults belong to the query as a whole: clients show the list under its field.
bool is_query(const Place& place) {
  return place.parameter == "q" || (!place.steps.empty() && place.steps[0] == "query");
}

std::string located(std::string_view pointer, const std::string& message) {
  return pointer.empty() ? message : std::string(pointer) + ": " + message;
}

}  // namespace

unsigned http_status_of(Errc code) {
  switch (code) {
    case Errc::InvalidArgument:
    case Errc::AlreadyExists:  // a name that is taken: a fault of the field, as in the original
      return 400;
    case Errc::NotFound:
      return 404;
    case Errc::Conflict:
      return 409;
    case Errc::PreconditionFailed:
      return 412;
    case Errc::TooLarge:
      return 413;
    case Errc::Unsupported:
      return 501;
    case Errc::PluginFault:
      return 502;
    case Errc::Unavailable:
    case Errc::Cancelled:
      return 503;
    case Errc::TimedOut:
      return 504;
    case Errc::NoSpace:
      return 507;
    case Errc::Io:
    case Errc::Internal:
      return 500;
  }
  return 500;
}

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

Value field_keyed(const Error& error, unsigned status) {
  Value body = Value::object();
  if (status == 404) {
    body.add("detail", "Not found.");
    return body;
  }
  for (const Problem& problem : shown(error)) {
    Place place = place_of(problem.pointer);
    if (is_query(place)) {
      const std::string key = place.parameter.empty() ? "query" : "q";
      std::string_view inside = place.pointer;
      if (place.parameter.empty()) inside.remove_prefix(std::string_view("/query").size());
      add_message(body, {key}, located(inside, problem.message));
    } else {
      if (!place.parameter.empty()) place.steps.insert(place.steps.begin(), place.parameter);
      add_message(body, place.steps, problem.message);
    }
  }
  if (const std::string more = hidden(error); !more.empty()) add_message(body, {}, more);
  if (error.problems.empty()) body.add("detail", error.message);
  return body;
}

Value problem_document(const Error& error, unsigned status) {
  Value body = Value::object();
  body.add("type", "about:blank");
  body.add("title", reason_of(status));
  body.add("status", static_cast<int>(status));
  body.add("detail", error.message);
  body.add("code", status == 401 ? "unauthorized" : name_of(error.code));
  if (!error.problems.empty()) {
    Value list = Value::array();
    for (const Problem& problem : shown(error)) {
      const Place place = place_of(problem.pointer);
      Value item = Value::object();
      if (!place.parameter.empty()) item.add("parameter", place.parameter);
      item.add("pointer", place.pointer);
      item.add("detail", problem.message);
      list.push_back(std::move(item));
    }
    if (const std::string more = hidden(error); !more.empty()) {
      Value item = Value::object();
      item.add("pointer", "");
      item.add("detail", more);
      list.push_back(std::move(item));
    }
    body.add("errors", std::move(list));
  }
  return body;
}

namespace {

Answer make_answer(Format format, const Error& error, unsigned status) {
  const bool problem = format == Format::Problem;
  Answer answer = json_answer(
      status, to_json(problem ? problem_document(error, status) : field_keyed(error, status)));
  if (problem) answer.content_type = kProblemType;
  if (status == 503 || status == 507) answer.with("Retry-After", "1");
  return answer;
}

// A code for a fault of HTTP itself, for the RFC 9457 form.
Errc code_of(unsigned status) {
  switch (status) {
    case 404:
      return Errc::NotFound;
    case 409:
      return Errc::Conflict;
    case 412:
      return Errc::PreconditionFailed;
    case 413:
    case 414:
    case 431:
      return Errc::TooLarge;
    case 405:
      return Errc::Unsupported;
    case 408:
      return Errc::TimedOut;
    case 503:
      return Errc::Unavailable;
    default:
      return status < 500 ? Errc::InvalidArgument : Errc::Internal;
  }
}

}  // namespace

Answer error_answer(Format format, const Error& error) {
  return make_answer(format, error, http_status_of(error.code));
}

Answer error_answer(Format format, unsigned status, std::string message) {
  return make_answer(format, {code_of(status), std::move(message)}, status);
}

}  // namespace storm::rest
