// An expression of $expr, compiled: computes a value from a document and compares fields with each
// other. Immutable, [any-thread when const]. Unlike filters, expressions do not look into arrays,
// compare values of different types, and tell a missing field from null. Inside core/query only.
#pragma once
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/document_view.hpp"
#include "core/query/path.hpp"
#include "core/query/spot.hpp"

namespace storm {

inline constexpr std::size_t kExpressionNodesMax = 1'000;
inline constexpr std::size_t kComputedTextMax = 1024 * 1024;  // bytes of a text put together

// What an expression gives: a value, which may be part of the document, or nothing.
class Computed {
 public:
  Computed() = default;  // missing
  explicit Computed(const Value* part) : part_(part) {}
  explicit Computed(Value made) : made_(std::move(made)), is_made_(true) {}
  // The document does not fit the expression: a number was expected and a string came. It does not
  // match.
  static Computed failure() {
    Computed computed;
    computed.failed_ = true;
    return computed;
  }

  bool failed() const { return failed_; }
  bool missing() const { return !failed_ && !is_made_ && !part_; }
  bool nothing() const { return missing() || (!failed_ && value().is_null()); }  // missing or null
  // Requires: neither failed nor missing.
  const Value& value() const { return is_made_ ? made_ : *part_; }

 private:
  const Value* part_ = nullptr;
  Value made_;
  bool is_made_ = false;
  bool failed_ = false;
};

class Expression {
 public:
  struct Operator;

  // `value` is as deep as the filter's limits allow; `count` is the number of parts read so far.
  static Result<Expression> parse(const Value& value, const Spot& spot, std::size_t& count);

  Computed compute(const DocumentView& document) const;
  bool holds(const DocumentView& document) const;  // true of what is not false, null, 0 or missing
  // Top-level fields, and the paths that are read below them.
  void collect_fields(std::set<std::string>& fields) const;
  void collect_paths(std::set<std::string>& paths) const;
  bool reads_only(std::span<const std::string_view> fields) const;

 private:
  enum class Kind { Literal, Field, Call };

  static Result<Expression> parse_call(const Value::Member& call, const Spot& spot,
                                       std::size_t& count);
  Computed field(const DocumentView& document) const;
  // The top-level field that this part itself reads; nullptr when it reads none.
  const std::string* own_field() const;

  Kind kind_ = Kind::Literal;
  Value literal_;
  Path path_;
  const Operator* operator_ = nullptr;  // static
  std::vector<Expression> arguments_;
};

}  // namespace storm
