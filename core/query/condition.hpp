// The compiled form of a filter: a tree of conditions, each a logical node or a test at the end of
// a path. Immutable once built, owned by the Query. Inside core/query only.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/access_predicate.hpp"
#include "core/query/document_view.hpp"
#include "core/query/operator.hpp"
#include "core/query/path.hpp"
#include "core/query/reads.hpp"
#include "core/query/truth.hpp"

namespace storm {

struct Condition;
class Expression;
class Schema;

struct EqualTest {
  Value value;  // null: also matches a missing field
};

// $gt $gte $lt $lte: only values of the same type rank are compared.
struct OrderTest {
  Value value;
  bool above = false;
  bool below = false;
  bool equal = false;
};

struct InTest {
  std::vector<Value> values;  // sorted by compare_values, each once
  std::vector<std::shared_ptr<const OperatorProgram>> programs;
  bool null = false;
};

// A string that starts with one of them.
struct PrefixTest {
  std::vector<std::string> prefixes;
};

struct ExistsTest {};

struct SizeTest {
  std::size_t size = 0;
};

struct TypeTest {
  std::uint32_t types = 0;  // bits of TypeBit
};
enum TypeBit : std::uint32_t {
  kTypeNull = 1,
  kTypeBool = 2,
  kTypeInt = 4,   // fits 32 bits
  kTypeLong = 8,  // does not
  kTypeDouble = 16,
  kTypeString = 32,
  kTypeArray = 64,
  kTypeObject = 128,
};

struct ModTest {
  std::int64_t divisor = 1;
  std::int64_t remainder = 0;
};

// $bitsAllSet and its kin, on integers in two's complement; bits from 63 on are the sign.
struct BitsTest {
  std::uint64_t mask = 0;
  bool all = false;  // of the mask's bits; else any
  bool set = false;  // 1; else 0
};

struct ProgramTest {
  std::shared_ptr<const OperatorProgram> program;
};

// $elemMatch: some element of the array matches.
struct ElementTest {
  std::unique_ptr<const Condition> condition;
  bool fields = false;  // a filter over the element's fields; else tests of the element itself
};

// $expr: about the whole document, without a path.
struct ExpressionTest {
  std::shared_ptr<const Expression> expression;
};

// $jsonSchema: about the whole document too, as are the next ones.
struct SchemaTest {
  std::shared_ptr<const Schema> schema;
};

// $group: the document is a member of it.
struct GroupTest {
  std::string group;  // name or id
};

// $parent and its kin: there is such a relative, and it matches.
struct RelationTest {
  Relation relation = Relation::Parent;
  std::unique_ptr<const Condition> condition;
};

using Test = std::variant<EqualTest, OrderTest, InTest, PrefixTest, ExistsTest, SizeTest, TypeTest,
                          ModTest, BitsTest, ProgramTest, ElementTest, ExpressionTest, SchemaTest,
                          GroupTest, RelationTest>;

struct Condition {
  enum class Kind : std::uint8_t { True, False, All, Any, Not, Leaf };
  Kind kind = Kind::True;
  std::vector<Condition> children;  // All, Any; Not has one
  // Leaf; null for what is about the whole document and inside an $elemMatch on values.
  std::shared_ptr<const Path> path;
  Test test;                // Leaf
  std::string source;       // Leaf: how it was written, where the test does not tell
  std::size_t written = 0;  // its place among its siblings in the filter
};

struct CompiledQuery {
  Condition condition;
  std::vector<AccessPredicate> access;
  Reads reads;
};

bool matches(const Condition& condition, const DocumentView& document);

// What `known`, of which only `known_fields` count, says of the whole document.
Truth decide(const Condition& condition, const DocumentView& known,
             std::span<const std::string_view> known_fields);

// Whether one scalar, or a missing value (null), passes a test of single values. False for tests of
// the whole document.
bool passes(const Test& test, const Value* scalar);

// Whether the answer depends on nothing but these top-level fields.
bool reads_only(const Condition& condition, std::span<const std::string_view> fields);

// The bit of TypeBit that stands for the value's type.
std::uint32_t type_bit(const Value& value);

// The access predicates that follow from a condition, best first.
std::vector<AccessPredicate> access_of(const Condition& condition);

}  // namespace storm
