#include "cli/error_block.hpp"

#include <fmt/format.h>

#include "cli/display_text.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kTagColumn = 54;  // where "(404 not-found)" starts
constexpr std::size_t kGapMin = 3;
constexpr std::size_t kMessagesMax = 20;  // of one answer; more help nobody

const std::string* text_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value != nullptr && value->is_string() ? &value->as_string() : nullptr;
}

std::string_view default_code(int status) {
  switch (status) {
    case 400:
      return "bad-request";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 412:
      return "precondition-failed";
    case 413:
      return "too-large";
    case 422:
      return "invalid";
    case 503:
      return "unavailable";
    default:
      return "";
  }
}

// {"name": ["This field must be unique."]}, nested for lists and objects.
void collect_messages(const Value& value, const std::string& place, std::vector<std::string>& out) {
  if (out.size() >= kMessagesMax) return;
  if (value.is_string()) {
    out.push_back(place.empty() ? value.as_string() : place + ": " + value.as_string());
  } else if (value.is_array()) {
    for (const Value& item : value.as_array()) collect_messages(item, place, out);
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.as_object()) {
      collect_messages(item, place.empty() ? key : place + "." + key, out);
    }
  }
}

}  // namespace

ExitCode exit_code_of_status(int http_status) {
  switch (http_status) {
    case 401:
    case 403:
      return ExitCode::Denied;
    case 404:
      return ExitCode::NotFound;
    case 409:
    case 412:
      return ExitCode::Conflict;
    case 400:
    case 413:
    case 414:
    case 422:
      return ExitCode::InvalidInput;
    case 503:
    case 504:
      return ExitCode::Unreachable;
    default:
      return http_status < 400 ? ExitCode::Ok : ExitCode::Failure;
  }
}

std::string to_text(const ErrorBlock& block) {
  std::string line = "error: " + printable(block.message);
  if (block.status != 0 || !block.code.empty()) {
    const std::size_t width = display_width(line);
    line.append(width + kGapMin > kTagColumn ? kGapMin : kTagColumn - width, ' ');
    line += '(';
    if (block.status != 0) line += std::to_string(block.status);
    if (block.status != 0 && !block.code.empty()) line += ' ';
    line += printable(block.code) + ")";
  }
  line += '\n';
  for (const std::string& detail : block.details) line += "  " + printable(detail) + "\n";
  return line;
}

Value to_problem(const ErrorBlock& block) {
  if (block.problem.is_object() && block.problem.find("detail") != nullptr) return block.problem;
  Value problem = Value::object();
  problem.add("type", "about:blank");
  problem.add("title", block.code.empty() ? "error" : block.code);
  if (block.status != 0) problem.add("status", block.status);
  problem.add("detail", block.message);
  if (!block.code.empty()) problem.add("code", block.code);
  if (!block.details.empty()) {
    Value lines = Value::array();
    for (const std::string& detail : block.details) lines.push_back(detail);
    problem.add("hints", std::move(lines));
  }
  return problem;
}

ErrorBlock error_of_answer(int status, const Value& body) {
  ErrorBlock block;
  block.exit = exit_code_of_status(status);
  block.status = status;
  block.code = default_code(status);
  block.problem = body;
  if (const std::string* code = text_of(body, "code")) block.code = *code;
  const std::string* detail = text_of(body, "detail");
  if (detail == nullptr) detail = text_of(body, "title");
  const Value* errors = body.find("errors");
  if (detail != nullptr) {
    block.message = *detail;
    if (errors != nullptr && errors->is_array()) {
      for (const Value& error : errors->as_array()) {
        const std::string* what = text_of(error, "detail");
        const std::string* pointer = text_of(error, "pointer");
        const std::string* parameter = text_of(error, "parameter");
        if (what == nullptr || block.details.size() >= kMessagesMax) continue;
        if (block.message.ends_with(*what)) continue;
        std::string where = parameter == nullptr ? "" : *parameter;
        if (pointer != nullptr) where += *pointer;
        block.details.push_back(where.empty() ? *what : where + ": " + *what);
      }
    }
    return block;
  }
  std::vector<std::string> messages;
  collect_messages(body, "", messages);
  if (messages.empty()) {
    block.message = fmt::format("the server answered {}", status);
    return block;
  }
  block.message = messages.front();
  block.details.assign(messages.begin() + 1, messages.end());
  return block;
}

}  // namespace storm::cli
