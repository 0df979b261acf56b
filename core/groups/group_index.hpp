// An index over the queries of groups: which groups could a document belong to? Each query is kept
// under one condition that all its matches fulfil (a value or a prefix of one field), so a change
// is tested against the queries that it could match and not against all there are. Queries without
// such a condition are candidates of every document. Owned and changed by the engine's thread.
#pragma once
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/ids.hpp"
#include "core/query/query.hpp"

namespace storm {

class GroupIndex {
 public:
  // Requires: the group is not in the index.
  void add(const Uuid& group, const Query& query);
  void remove(const Uuid& group);
  // The resources that a group's include and exclude lists name; replaces what was said before.
  void set_listed(const Uuid& group, std::set<Uuid> resources);
  void clear();

  // Groups whose query could match the document, sorted, each once.
  std::vector<Uuid> candidates(const DocumentView& document) const;
  // Groups whose lists name the resource.
  std::vector<Uuid> listing(const Uuid& resource) const;
  // True when a query reads one of these top-level fields.
  bool reads_any(std::initializer_list<std::string_view> fields) const;
  std::size_t size() const { return places_.size(); }

 private:
  using Groups = std::vector<Uuid>;
  struct Field {
    std::unordered_map<std::string, Groups> by_value;  // key of a scalar
    std::unordered_map<std::string, Groups> by_prefix;
    std::map<std::size_t, std::size_t> prefix_lengths;  // length -> how many prefixes have it
  };
  struct Place {
    std::string path;  // empty: candidate of every document
    std::vector<std::string> values, prefixes;
    std::vector<std::string> fields;  // that the query reads
  };

  void collect(const Field& field, const Value& value, Groups& found) const;

  std::unordered_map<std::string, Field> fields_;
  Groups everywhere_;
  std::map<Uuid, Place> places_;
  std::map<std::string, std::size_t, std::less<>> readers_;  // field -> queries that read it
  std::map<Uuid, std::set<Uuid>> listed_;                    // group -> resources
  std::map<Uuid, std::set<Uuid>> listing_;                   // resource -> groups
};

}  // namespace storm
