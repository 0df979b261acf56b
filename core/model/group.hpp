// A group: a live query over resources, plus include and exclude, plus the services its members
// offer. A plain value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

struct Service {
  std::string name;
  Protocol protocol = Protocol::Tcp;
  int port = 0;  // 1 to 65535

  friend bool operator==(const Service&, const Service&) = default;
};

struct Group {
  Id id;
  std::optional<std::string> name;
  Value query = Value::object();  // empty: no members by query
  std::vector<Service> services;
  std::vector<Id> include;  // sorted as they were given
  std::vector<Id> exclude;
  // Not shown: by which events name it; given once, never again.
  std::uint32_t number = 0;

  const Service* find_service(std::string_view service_name) const;
};

Value to_value(const Group& group);

struct GroupDraft {
  Group group;
  std::optional<std::vector<std::string>> include, exclude;  // as written; absent: unchanged
};
GroupDraft read_group(const Value& body, const Group* known, std::vector<Problem>& problems);

// Rows of the store.
std::string to_row(const Group& group);
Result<Group> group_from_row(Id id, const std::string& row);

}  // namespace storm
