#include "core/rest/router.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/edit_distance.hpp"
#include "core/rest/http_error.hpp"

namespace storm::rest {
namespace {

struct Noun {
  std::string_view word;
  EntityKind kind;
};
constexpr Noun kNouns[] = {
    {"agents", EntityKind::Agent},
    {"agent", EntityKind::Agent},
    {"resources", EntityKind::Resource},
    {"resource", EntityKind::Resource},
    {"groups", EntityKind::Group},
    {"group", EntityKind::Group},
    {"apps", EntityKind::Application},
    {"app", EntityKind::Application},
    {"applications", EntityKind::Application},
    {"application", EntityKind::Application},
    {"procedures", EntityKind::Procedure},
    {"procedure", EntityKind::Procedure},
    {"jobs", EntityKind::Job},
    {"job", EntityKind::Job},
    {"triggers", EntityKind::Job},
    {"trigger", EntityKind::Job},
    {"subscriptions", EntityKind::Subscription},
    {"subscription", EntityKind::Subscription},
    {"views", EntityKind::View},
    {"view", EntityKind::View},
};

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> segments;
  while (pattern.size() > 1) {
    pattern.remove_prefix(1);
    const std::size_t slash = pattern.find('/');
    segments.push_back(pattern.substr(0, slash));
    if (slash == std::string_view::npos) break;
    pattern.remove_prefix(slash);
  }
  return segments;
}

bool matches(std::span<const std::string_view> pattern, std::span<const std::string> path,
             Router::Match& match) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{collection}") {
      const auto kind = kind_of_noun(path[i]);
      if (!kind) return false;
      match.kind = *kind;
    } else if (pattern[i] == "{id}") {
      if (path[i].empty()) return false;
    } else if (pattern[i] != path[i]) {
      const auto kind = i == 1 ? kind_of_noun(pattern[i]) : std::nullopt;
      if (!kind || kind_of_noun(path[i]) != kind) return false;
    }
  }
  // Most do not match: the copy comes last.
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{id}") match.id = path[i];
  }
  return true;
}

void at_once(const Reply& reply, Answer answer) {
  reply([answer = std::move(answer)]() mutable { return std::optional(std::move(answer)); });
}

}  // namespace

std::optional<EntityKind> kind_of_noun(std::string_view noun) {
  for (const Noun& known : kNouns) {
    if (known.word == noun) return known.kind;
  }
  return std::nullopt;
}

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) patterns_.push_back(split(route.pattern));
}

Router::Match Router::match(Method method, std::span<const std::string> path) const {
  Match match;
  const Method wanted = method == Method::Head ? Method::Get : method;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    Match here;
    if (routes_[i].method == wanted && matches(patterns_[i], path, here)) {
      here.route = &routes_[i];
      return here;
    }
  }
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    Match here;
    if (!matches(patterns_[i], path, here)) continue;
    // A special path may be a general one too.
    if (std::ranges::find(match.allowed, routes_[i].method) == match.allowed.end()) {
      match.allowed.push_back(routes_[i].method);
      if (routes_[i].method == Method::Get) match.allowed.push_back(Method::Head);
    }
  }
  if (!match.allowed.empty()) match.allowed.push_back(Method::Options);
  return match;
}

std::string allow_header(std::span<const Method> methods) {
  std::string text;
  for (const Method method : methods) {
    if (!text.empty()) text += ", ";
    text += kMethodNames[static_cast<std::size_t>(method)];
  }
  return text;
}

Result<void> check_parameters(const Route& route, const Url& url) {
  std::vector<std::string_view> known(route.parameters.begin(), route.parameters.end());
  known.push_back("format");
  std::vector<Problem> problems;
  for (const Parameter& parameter : url.parameters) {
    const bool again = url.find(parameter.name) != &parameter.value;
    if (again && std::ranges::find(route.repeatable, parameter.name) == route.repeatable.end()) {
      return Error{Errc::InvalidArgument,
                   fmt::format("The parameter \"{}\" is given twice.", parameter.name),
                   {{"?" + parameter.name, "This parameter is given twice."}}};
    }
    if (std::ranges::find(known, parameter.name) != known.end()) continue;
    const std::vector<std::string> near = nearest_words(parameter.name, known, 1);
    std::string message = "Unknown parameter.";
    if (near.empty()) {
      message += fmt::format(" Known ones are {}.", fmt::join(known, ", "));
    } else {
      message += fmt::format(" Did you mean \"{}\"?", near[0]);
    }
    problems.push_back({"?" + parameter.name, std::move(message)});
  }
  if (problems.empty()) return {};
  std::string message = fmt::format("The URL has the unknown parameter \"{}\".",
                                    std::string_view(problems[0].pointer).substr(1));
  return Error{Errc::InvalidArgument, std::move(message), std::move(problems)};
}

void dispatch(const Router& router, Api& api, Request request, const Reply& reply) {
  Router::Match match = router.match(request.method, request.url.path);
  if (!match.route && match.allowed.empty()) {
    at_once(reply, error_answer(request.format, 404, "There is nothing at this URL."));
    return;
  }
  if (request.method == Method::Options) {
    at_once(reply, empty_answer(204).with("Allow", allow_header(match.allowed)));
    return;
  }
  if (!match.route) {
    const std::string_view name = kMethodNames[static_cast<std::size_t>(request.method)];
    at_once(reply,
            error_answer(request.format, 405, fmt::format("Method \"{}\" not allowed.", name))
                .with("Allow", allow_header(match.allowed)));
    return;
  }
  if (!request.acceptable) {
    at_once(reply, error_answer(request.format, 406,
                                "Could not satisfy the request Accept header: this server has "
                                "application/json, application/problem+json and text/html."));
    return;
  }
  if (Result<void> checked = check_parameters(*match.route, request.url); !checked) {
    at_once(reply, error_answer(request.format, checked.error()));
    return;
  }
  const auto call =
      std::make_shared<const Call>(Call{api, std::move(request), match.kind, std::move(match.id)});
  match.route->handler(call, reply);
}

}  // namespace storm::rest
