// Facets: how often each value of some fields occurs in a listing, counted a slice at a time. Of a
// list, each element counts. Bounded in fields and values. One thread at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/result.hpp"
#include "core/engine/state.hpp"

namespace storm::rest {

inline constexpr std::size_t kFacetFieldsMax = 16;
inline constexpr std::size_t kFacetValuesMax = 10'000;  // of one field; others are counted together
inline constexpr std::size_t kFacetShownMax = 100;      // the most frequent

class Facets {
 public:
  // "type,status,snapshot.Spec.Mode"
  static Result<Facets> parse(std::string_view words, EntityKind kind);

  // Counts from where it stopped, until all is counted (true) or `pause()` says so (false). The
  // same items each time.
  bool run(const State& state, EntityKind kind, const std::vector<Uuid>& items,
           const std::function<bool()>& pause);
  bool empty() const { return fields_.empty(); }
  // {"type": {"values": [{"value": "vm", "count": 3}], "others": 0}}: the most frequent first.
  Value counted() const;

 private:
  struct Field {
    std::string path;
    std::vector<std::string> steps;
    std::unordered_map<std::string, std::uint64_t> counts;  // by JSON text
    std::uint64_t others = 0;
  };
  static void count(Field& field, const Value& value);
  void count(const State& state, const Id& id);
  bool reads_snapshot() const;

  std::vector<Field> fields_;
  std::size_t next_ = 0;
};

}  // namespace storm::rest
