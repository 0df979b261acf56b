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
#include "core/query/truth.hpp"

namespace storm {

struct Condition;
class Expression;

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

using Test = std::variant<EqualTest, OrderTest, InTest, PrefixTest, ExistsTest, SizeTest, TypeTest,
                          ModTest, BitsTest, ProgramTest, ElementTest, ExpressionTest>;

struct Condition {
  enum class Kind : std::uint8_t { True, False, All, Any, Not, Leaf };
  Kind kind = Kind::True;
  std::vector<Condition> children;   // All, Any; Not has one
  std::shared_ptr<const Path> path;  // Leaf; null for $expr and inside an $elemMatch on values
  Test test;                         // Leaf
};

struct CompiledQuery {
  Condition condition;
  std::vector<AccessPredicate> access;
  std::vector<std::string> fields;
  std::vector<std::string> paths;
};

bool matches(const Condition& condition, const DocumentView& document);

// What `known`, of which only `known_fields` count, says of the whole document.
Truth decide(const Condition& condition, const DocumentView& known,
             std::span<const std::string_view> known_fields);

// The paths that a condition reads: see Query::paths.
std::vector<std::string> paths_of(const Condition& condition);

// The access predicates that follow from a condition, best first.
std::vector<AccessPredicate> access_of(const Condition& condition);

}  // namespace storm
