// How one resource refers to another: what $parent, $cluster, $host and $owner follow. [any-thread]
#pragma once
#include <cstdint>
#include <string_view>

namespace storm {

enum class Relation : std::uint8_t { Parent = 1, Cluster = 2, Host = 4, Owner = 8 };  // bits

inline constexpr Relation kAllRelations[] = {Relation::Parent, Relation::Cluster, Relation::Host,
                                             Relation::Owner};

// The field that holds the reference: "parent". The operator is the same with a dollar.
constexpr std::string_view name_of(Relation relation) {
  switch (relation) {
    case Relation::Parent:
      return "parent";
    case Relation::Cluster:
      return "cluster";
    case Relation::Host:
      return "host";
    case Relation::Owner:
      return "owner";
  }
  return "";
}

}  // namespace storm
