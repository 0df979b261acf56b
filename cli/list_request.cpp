#include "cli/list_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/find_entity.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

std::string path_with(const ListRequest& request, const Value& filter) {
  QueryString query = request.parameters;
  if (!filter.is_null()) query.emplace_back("q", to_json(filter));
  return path_to(request.collection, {}, query);
}

// All of them must hold.
Value all_of(Value::Array filters) {
  if (filters.empty()) return {};
  if (filters.size() == 1) return std::move(filters.front());
  return Value(Value::Object{{"$and", Value(std::move(filters))}});
}

}  // namespace

std::string ListRequest::path() const { return path_with(*this, filter); }

std::string ListRequest::path_of_one(const std::string& id) const {
  Value::Array filters = {Value(Value::Object{{"id", id}})};
  if (!filter.is_null()) filters.push_back(filter);
  return path_with(*this, all_of(std::move(filters)));
}

std::string next_page(const Answer& answer) {
  const auto link = answer.headers.find("link");
  if (link == answer.headers.end() || link->second.find("rel=\"next\"") == std::string::npos)
    return {};
  const std::size_t open = link->second.find('<');
  const std::size_t close = link->second.find('>');
  if (open == std::string::npos || close == std::string::npos || close <= open) return {};
  std::string path = link->second.substr(open + 1, close - open - 1);
  return path.starts_with('/') ? path : std::string();  // of this server only
}

Result<ListRequest> make_list_request(const Session& session, const Noun& noun,
                                      const ListOptions& options) {
  ListRequest request;
  request.collection = noun.collection;
  if (!options.members.empty()) {
    const std::string group = without_kind(*find_noun("group"), options.members);
    request.collection = "groups/" + percent_encoded(group) + "/members";
  }
  Value::Array filters;
  if (options.query) {
    if (options.query->empty()) {
      return Error{Errc::InvalidArgument, "-q takes a query in JSON, not an empty text"};
    }
    auto query = parse_json(*options.query);
    if (!query) {
      return Error{Errc::InvalidArgument,
                   fmt::format("-q takes a query in JSON: {}", query.error().message)};
    }
    if (!query->is_object()) {
      return Error{Errc::InvalidArgument,
                   R"(-q takes a JSON object, such as '{"status": "running"}')"};
    }
    filters.push_back(std::move(*query));
  }
  if (!options.type.empty()) filters.push_back(Value(Value::Object{{"type", options.type}}));
  if (!options.status.empty()) filters.push_back(Value(Value::Object{{"status", options.status}}));
  if (!options.health.empty()) filters.push_back(Value(Value::Object{{"health", options.health}}));
  request.filter = all_of(std::move(filters));

  const std::vector<std::string>& fields = session.options.fields;
  if (!fields.empty() && !options.tree) {
    std::string list = "id";
    for (const std::string& field : fields) {
      if (field != "id") list += "," + field;
    }
    request.parameters.emplace_back("fields", list);
  } else if (noun.name == "resource") {
    request.parameters.emplace_back("exclude", "snapshot");
  }
  if (options.limit > 0) {
    request.parameters.emplace_back("limit",
                                    std::to_string(std::min(options.limit, kPageItemsMax)));
  }
  return request;
}

}  // namespace storm::cli
