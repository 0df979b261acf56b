// Finds the route of a request. Routes are rows of a table; nouns of collections are accepted in
// singular and plural and by their old words. [any-thread when const]
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/ids.hpp"
#include "core/rest/answer.hpp"
#include "core/rest/request.hpp"

namespace storm::rest {

struct Api;

// One request on its way through a route.
struct Call {
  Api& api;
  Request request;
  EntityKind kind = EntityKind::Resource;  // of `{collection}`
  std::string id;                          // what stood for `{id}`: an id or a name
};
using CallPtr = std::shared_ptr<const Call>;

// Checks the call and hands the work of answering to `reply`, now or later. Never waits.
using Handler = void (*)(const CallPtr& call, const Reply& reply);

struct Route {
  Method method;
  std::string_view pattern;  // "/v1/{collection}/{id}"; a literal collection stands for its aliases
  Handler handler;
  std::span<const std::string_view> parameters = {};  // those it takes, beside "format"
  std::span<const std::string_view> repeatable = {};  // of these, those that may be given again
};

// "apps", "app", "application", "applications": all Application.
std::optional<EntityKind> kind_of_noun(std::string_view noun);

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  // null: nothing there, or not with that method
    EntityKind kind = EntityKind::Resource;
    std::string id;
    std::vector<Method> allowed;  // without a route: those at that path; empty: no such path
  };
  Match match(Method method, std::span<const std::string> path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string_view>> patterns_;  // of each route, by segment
};

// "GET, HEAD, OPTIONS", for the header Allow.
std::string allow_header(std::span<const Method> methods);

// Refuses a parameter that the route does not take, naming the nearest that it does, and one that
// is given twice.
Result<void> check_parameters(const Route& route, const Url& url);

// Finds the route and calls its handler; what fits none is answered with 404, 405 or 400.
void dispatch(const Router& router, Api& api, Request request, const Reply& reply);

}  // namespace storm::rest
