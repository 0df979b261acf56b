#include "core/query/value_order.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace storm {
namespace {

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return three_way(!std::isnan(a), !std::isnan(b));
  return three_way(a, b);
}

// Exact: no integer is rounded on the way.
int compare_int_double(std::int64_t whole, double real) {
  if (std::isnan(real)) return 1;
  if (real >= 0x1p63) return -1;
  if (real < -0x1p63) return 1;
  const double floor = std::floor(real);
  const int order = three_way(whole, static_cast<std::int64_t>(floor));
  return order != 0 ? order : (real > floor ? -1 : 0);
}

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_int()) {
    return b.is_int() ? three_way(a.as_int(), b.as_int())
                      : compare_int_double(a.as_int(), b.as_double());
  }
  return b.is_int() ? -compare_int_double(b.as_int(), a.as_double())
                    : compare_doubles(a.as_double(), b.as_double());
}

int compare_objects(const Value::Object& a, const Value::Object& b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (const int order = three_way(type_rank(a[i].second), type_rank(b[i].second))) return order;
    if (const int order = a[i].first.compare(b[i].first)) return order;
    if (const int order = compare_values(a[i].second, b[i].second)) return order;
  }
  return three_way(a.size(), b.size());
}

int compare_arrays(const Value::Array& a, const Value::Array& b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (const int order = compare_values(a[i], b[i])) return order;
  }
  return three_way(a.size(), b.size());
}

void mix(std::size_t& hash, std::size_t part) {
  hash ^= part + 0x9e3779b97f4a7c15U + (hash << 6) + (hash >> 2);
}

std::size_t hash_number(const Value& value) {
  if (value.is_int()) return std::hash<std::int64_t>{}(value.as_int());
  const double real = value.as_double();
  if (std::isnan(real)) return 0x7ff8;
  if (real >= -0x1p63 && real < 0x1p63 && std::trunc(real) == real) {
    return std::hash<std::int64_t>{}(static_cast<std::int64_t>(real));
  }
  return std::hash<double>{}(real);
}

}  // namespace

int type_rank(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return 1;
    case Value::Kind::Int:
    case Value::Kind::Double:
      return 2;
    case Value::Kind::String:
      return 3;
    case Value::Kind::Object:
      return 4;
    case Value::Kind::Array:
      return 5;
    case Value::Kind::Bool:
      return 6;
  }
  return 0;
}

int compare_values(const Value& a, const Value& b) {
  if (const int order = three_way(type_rank(a), type_rank(b))) return order;
  switch (a.kind()) {
    case Value::Kind::Null:
      return 0;
    case Value::Kind::Int:
    case Value::Kind::Double:
      return compare_numbers(a, b);
    case Value::Kind::String:
      return a.as_string().compare(b.as_string());
    case Value::Kind::Object:
      return compare_objects(a.as_object(), b.as_object());
    case Value::Kind::Array:
      return compare_arrays(a.as_array(), b.as_array());
    case Value::Kind::Bool:
      return three_way(a.as_bool(), b.as_bool());
  }
  return 0;
}

bool same_value(const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return a.as_string() == b.as_string();
  return compare_values(a, b) == 0;
}

std::size_t hash_value(const Value& value) {
  std::size_t hash = static_cast<std::size_t>(type_rank(value));
  switch (value.kind()) {
    case Value::Kind::Null:
      break;
    case Value::Kind::Bool:
      mix(hash, value.as_bool() ? 1 : 0);
      break;
    case Value::Kind::Int:
    case Value::Kind::Double:
      mix(hash, hash_number(value));
      break;
    case Value::Kind::String:
      mix(hash, std::hash<std::string>{}(value.as_string()));
      break;
    case Value::Kind::Array:
      for (const Value& item : value.as_array()) mix(hash, hash_value(item));
      break;
    case Value::Kind::Object:
      for (const Value::Member& member : value.as_object()) {
        mix(hash, std::hash<std::string>{}(member.first));
        mix(hash, hash_value(member.second));
      }
      break;
  }
  return hash;
}

void tidy_values(std::vector<Value>& values) {
  std::sort(values.begin(), values.end(),
            [](const Value& a, const Value& b) { return compare_values(a, b) < 0; });
  values.erase(std::unique(values.begin(), values.end(), same_value), values.end());
}

bool is_nan(const Value& value) { return value.is_double() && std::isnan(value.as_double()); }

}  // namespace storm
