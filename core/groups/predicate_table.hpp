// Access predicates of queries, found by the values of a document: which queries could it match?
// Equality and prefixes are looked up by value, ranges in a tree over their two bounds, and many
// fields of one object by the names that the document has there, so the cost is what is found and
// not what is kept. Owned and changed by one thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/event.hpp"
#include "core/query/access_predicate.hpp"
#include "core/query/path.hpp"

namespace storm {

class RangeTree;

class PredicateTable {
 public:
  PredicateTable();
  ~PredicateTable();
  PredicateTable(const PredicateTable& other);
  PredicateTable& operator=(PredicateTable other) noexcept;

  // How many others stand under its most crowded key; nothing: such a predicate is not kept here.
  std::optional<std::size_t> crowd(const AccessPredicate& predicate) const;
  // Requires: crowd() of it has a value.
  void add(std::uint32_t query, const AccessPredicate& predicate);
  // Requires: it was added so.
  void remove(std::uint32_t query, const AccessPredicate& predicate);
  // Appends each query whose predicate the document fulfils; unsorted, some more than once.
  void collect(const DocumentView& document, GroupNumbers& found) const;

 private:
  struct Field {
    Path path;
    std::unordered_map<std::string, GroupNumbers> by_value;  // key of a scalar
    std::unordered_map<std::string, GroupNumbers> by_prefix;
    std::map<std::size_t, std::size_t> prefix_lengths;  // length -> how many prefixes have it
    std::shared_ptr<RangeTree> ranges;
    GroupNumbers exists;  // for which it is enough that there is a value
    bool empty() const;
  };
  // Fields whose paths differ in the last step only.
  struct Siblings {
    Path parent;
    std::unordered_map<std::string, Field*> by_name;  // the last step, which is no number
  };

  static void collect(const Field& field, const Value& value, GroupNumbers& found);
  static void collect(const Field& field, const DocumentView& document, GroupNumbers& found);
  static void collect(const Siblings& siblings, const Value& object, GroupNumbers& found);
  void enter(Field& field);
  void leave(const Field& field);

  std::map<std::string, Field> fields_;        // by path
  std::map<std::string, Siblings> siblings_;   // by the parent's path
  std::map<std::string, const Field*> alone_;  // the others, by path
};

}  // namespace storm
