// Result<T>: a value or an Error. Names follow std::expected, which a later toolchain can put
// underneath. Ignoring a result is a compile error; STORM_TRY returns the error to the caller.
#pragma once
#include <string>
#include <utility>
#include <variant>

#include "core/base/assert.hpp"
#include "core/base/error.hpp"

namespace storm {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // Requires: has_value().
  T& value() & {
    STORM_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    STORM_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    STORM_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Requires: !has_value().
  const Error& error() const& {
    STORM_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    STORM_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const& {
    STORM_ASSERT(!ok_);
    return error_;
  }
  Error&& error() && {
    STORM_ASSERT(!ok_);
    return std::move(error_);
  }

 private:
  Error error_;
  bool ok_ = true;
};

namespace detail {
template <typename T>
T take(Result<T>& result) {
  return std::move(*result);
}
inline void take(Result<void>&) {}
}  // namespace detail

}  // namespace storm

// The value of a Result, or return its error from the enclosing function.
#define STORM_TRY(expression) STORM_TRY_NUMBERED(expression, __COUNTER__)
#define STORM_TRY_NUMBERED(expression, number) STORM_TRY_NAMED(expression, number)
#define STORM_TRY_NAMED(expression, number) STORM_TRY_AS(expression, storm_try_##number)
#define STORM_TRY_AS(expression, result)                           \
  __extension__({                                                  \
    auto result = (expression);                                    \
    if (!result) return ::storm::Error(std::move(result).error()); \
    ::storm::detail::take(result);                                 \
  })
