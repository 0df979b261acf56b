// What `ls` asks the server: the path of a collection, or of a group's members, with the filter
// of the flags. A value.
#pragma once
#include <string>

#include "cli/commands.hpp"
#include "cli/error_block.hpp"

namespace storm::cli {

// What the server puts on one page at most; more are asked for page by page.
inline constexpr std::int64_t kPageItemsMax = 5'000;

struct ListRequest {
  std::string collection;  // "resources", or "groups/ID/members"
  QueryString parameters;  // without the filter
  Value filter;            // null: everything

  std::string path() const;
  // The same list, cut down to one document.
  std::string path_of_one(const std::string& id) const;
};

// The page after this answer, or "" when it was the last.
std::string next_page(const Answer& answer);

// Fails on a filter that is no JSON object.
Result<ListRequest> make_list_request(const Session& session, const Noun& noun,
                                      const ListOptions& options);

}  // namespace storm::cli
