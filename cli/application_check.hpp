// Whether the groups and services that imported applications speak of exist, in the same import or
// on the server. What the server cannot say before the import is made is said here, with its place.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/error_block.hpp"
#include "cli/import_file.hpp"

namespace storm::cli {

// The groups an application can speak of, by name or id.
class KnownGroups {
 public:
  // `fetch`: a group as the server has it; null when there is none.
  using Fetch = std::function<Value(const std::string& word)>;
  using List = std::function<std::vector<std::string>()>;
  KnownGroups(const ImportSet& set, Fetch fetch, List list_names);

  // The names of its services; none when there is no such group.
  std::optional<std::vector<std::string>> services_of(const std::string& group);
  // Every name there is, for suggestions.
  std::vector<std::string> names();

 private:
  Fetch fetch_;
  List list_names_;
  std::map<std::string, std::optional<std::vector<std::string>>> services_;
  std::vector<std::string> imported_;
};

// Appends what is wrong. Returns the groups that the application speaks of.
std::set<std::string> check_application(const ImportItem& item, KnownGroups& groups,
                                        std::vector<ErrorBlock>& errors);

}  // namespace storm::cli
