// What `ls` asks the server: the path of a collection, or of a group's members, with the filter
// of the flags. A value.
#pragma once
#include <string>

#include "cli/commands.hpp"
#include "cli/error_block.hpp"

namespace storm::cli {

struct ListRequest {
  std::string collection;  // "resources", or "groups/ID/members"
  QueryString parameters;  // without the filter
  Value filter;            // null: everything

  std::string path() const;
  // The same list, cut down to one document.
  std::string path_of_one(const std::string& id) const;
};

// Fails on a filter that is no JSON object.
Result<ListRequest> make_list_request(const Session& session, const Noun& noun,
                                      const ListOptions& options);

}  // namespace storm::cli
