// Query: a filter of MongoDB's `find` language over JSON-like documents, compiled. A value that
// shares its immutable tree: cheap to copy, tested by many threads at once.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/access_predicate.hpp"
#include "core/query/document_view.hpp"
#include "core/query/operator.hpp"
#include "core/query/truth.hpp"

namespace storm {

inline constexpr std::size_t kQueryDepthMax = 64;       // filters and conditions inside each other
inline constexpr std::size_t kQueryProgramsMax = 256;   // operators of plugins in one filter
inline constexpr std::size_t kQueryRelationsMax = 4;    // $parent and its kin inside each other
inline constexpr std::size_t kQueryAccessMax = 32;      // access predicates of one query
inline constexpr std::size_t kQueryNodesMax = 100'000;  // conditions and list items in one filter

// Keys of a filter that hold NUL, or `$` after their first character.
enum class OddKeys {
  Ignored,  // as the REST interface promises: such a condition is left out
  Fields,   // names of fields like any other, as in MongoDB
};

struct CompiledQuery;

class Query {
 public:
  // Compiles a filter. The error carries Problems whose pointers name the offending place
  // ("/$or/1/image/$regx"). Bounded by the limits above, whatever the filter.
  static Result<Query> parse(const Value& filter, const OperatorSet& operators,
                             OddKeys odd_keys = OddKeys::Ignored);

  // Does not allocate, but for what `document` makes and operators of plugins do. [any-thread]
  bool matches(const DocumentView& document) const;

  // What a part of a document says of the whole: only the `known_fields` (top-level) of `known` are
  // read, and a condition on any other field depends. Allocates no more than matches. [any-thread]
  Truth decide(const DocumentView& known, std::span<const std::string_view> known_fields) const;

  // Conditions that every match fulfils, the most selective first: AnyOf, then Prefix, Range and
  // Exists. [Never] alone: nothing matches. Empty: every document has to be tested. Several on one
  // path hold together: {$gt: 1, $lt: 5} gives two ranges, because on an array different elements
  // may fulfil them; where the path holds no array, they may be cut into one.
  const std::vector<AccessPredicate>& access() const;
  // Top-level fields that the filter reads, sorted, without repetition.
  const std::vector<std::string>& fields() const;
  // Dotted paths that the filter reads ("image", "snapshot.Spec.Name"), sorted, none below another.
  // A document cut down to them gives the same answer as long as arrays keep all their elements,
  // each of its kind; a number may be a field's name or a position.
  const std::vector<std::string>& paths() const;
  // Groups whose members it asks for, by name or id as written, sorted; relatives' questions count.
  const std::vector<std::string>& groups() const;
  // Bits of Relation that it follows, from the document or from a relative. The field with the
  // reference ("parent") is among fields(); what it reads of a relative is not.
  std::uint8_t relations() const;
  // Whether it matters which top-level fields there are ($jsonSchema that counts them or says
  // something of those it does not name).
  bool reads_names() const;
  // Whether the answer depends on nothing but these top-level fields.
  bool reads_only(std::span<const std::string_view> fields) const;

  // Inside core/query only.
  const CompiledQuery& compiled() const { return *compiled_; }

 private:
  explicit Query(std::shared_ptr<const CompiledQuery> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const CompiledQuery> compiled_;
};

}  // namespace storm
