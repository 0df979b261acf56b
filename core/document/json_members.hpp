// Reads of a JSON text only the members that somebody asks for. The rest is skipped without looking
// at what it says, several times as fast as it could be read. A MemberTree is a value, built once
// and shared as const. [any-thread when const]
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm {

// Members by their dotted paths, as queries name them ("Spec.Name"). What stands at the end of a
// path is wanted whole. Steps go through arrays into each of their elements; at a number, which
// could be a position or a name, the narrowing ends and all is wanted.
class MemberTree {
 public:
  MemberTree() = default;           // nothing is wanted
  void add(std::string_view path);  // of nothing: everything is wanted

  bool whole() const { return whole_; }
  std::size_t size() const;  // how many members are asked for by name
  // Of the member of that name; null when nothing of it is wanted. Requires: not whole().
  const MemberTree* find(std::string_view name) const;

 private:
  struct Member;

  bool whole_ = false;
  std::vector<Member> members_;  // by name
};

struct MemberTree::Member {
  std::string name;
  MemberTree tree;
};

// The value with only those members of its objects that the tree wants, in their order; arrays keep
// all their elements, narrowed in the same way, and scalars stay. So a query that asks for no other
// paths tests it as it would test the whole.
// Requires: well-formed JSON without duplicate keys, as check_json and parse_json take it. Of
// anything else the answer is an error or some value, within the text and kJsonDepthMax.
Result<Value> parse_members(std::string_view json, const MemberTree& tree);

}  // namespace storm
