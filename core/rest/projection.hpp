// Which fields of an entity are printed: `fields=id,snapshot.Spec.Name` and `exclude=snapshot`.
// Without either the entity is printed whole, its snapshot byte for byte. A value. [any-thread]
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/engine/state.hpp"
#include "core/rest/url.hpp"

namespace storm::rest {

inline constexpr std::size_t kProjectedFieldsMax = 100;

class Projection {
 public:
  // Refuses what is no field of that kind.
  static Result<Projection> parse(const Url& url, EntityKind kind);

  bool whole() const { return fields_.empty() && exclude_.empty(); }
  void leave_out(std::string_view field) { exclude_.push_back({std::string(field)}); }
  // Appends the entity as JSON text. Requires: it exists in the state.
  void append(std::string& out, const State& state, const Id& id) const;
  Value apply(const Value& whole) const;

 private:
  using Path = std::vector<std::string>;
  static Result<std::vector<Path>> parse_paths(const Url& url, EntityKind kind,
                                               std::string_view parameter);
  bool only_leaves_out_snapshot() const;
  bool reads_snapshot() const;

  std::vector<Path> fields_;   // empty: all
  std::vector<Path> exclude_;  // of these
};

// An entity of any kind, whole. Requires: it exists in the state.
void append_entity(std::string& out, const State& state, const Id& id);
std::string entity_json(const State& state, const Id& id);

}  // namespace storm::rest
