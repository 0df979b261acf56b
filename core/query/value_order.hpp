// The order and equality of values in the query language. They differ from Value's own: the order
// of an object's keys counts, and values of different types have an order too. Numbers are one type
// and compare exactly, 64-bit integers with doubles included. NaN equals NaN and is below every
// number. [any-thread]
#pragma once
#include <cstddef>
#include <vector>

#include "core/document/value.hpp"

namespace storm {

// Values of one rank can be compared by $lt and its kin: null, number, string, object, array, bool,
// in this order.
int type_rank(const Value& value);
// Below, equal or above zero. Total: sorts any list.
int compare_values(const Value& a, const Value& b);
bool same_value(const Value& a, const Value& b);
// Equal for same values: 1 and 1.0 have one hash.
std::size_t hash_value(const Value& value);
// Sorts, and keeps one of those that are the same.
void tidy_values(std::vector<Value>& values);
bool is_nan(const Value& value);

}  // namespace storm
