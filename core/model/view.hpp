// A view: a value kept current over resources, those of a group, of a query or all: how many there
// are, or the sum, average, least or greatest of a number in them; also for each value of other
// fields. What it is at a revision belongs to the engine. A plain value.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/fields.hpp"
#include "core/model/ids.hpp"

namespace storm {

inline constexpr std::size_t kViewPathBytesMax = kNameBytesMax;
inline constexpr std::size_t kViewPathStepsMax = 64;
inline constexpr std::size_t kViewBysMax = 8;  // paths to group by
// Entries of a value: those that are shown without a limit, and with the largest one.
inline constexpr std::int64_t kViewLimitMax = 10'000;
inline constexpr std::int64_t kViewTopDefault = 10;

enum class Measure { Count, Sum, Avg, Min, Max, Top };
inline constexpr std::array<std::string_view, 6> kMeasureNames = {"count", "sum", "avg",
                                                                  "min",   "max", "top"};
inline std::string_view name_of(Measure measure) {
  return kMeasureNames[static_cast<std::size_t>(measure)];
}
// Whether it is made of numbers that stand in the resources.
inline bool is_of_numbers(Measure measure) {
  return measure != Measure::Count && measure != Measure::Top;
}

struct View {
  Id id;
  std::optional<std::string> name;
  std::optional<Id> group;
  Value query = Value::object();  // empty: all resources, unless there is a group
  Measure measure = Measure::Count;
  std::string path;  // of the number; empty: none
  std::vector<std::string> by;
  std::optional<std::int64_t> limit;  // of entries
};

// Without its value.
Value to_value(const View& view);

struct ViewDraft {
  View view;
  Reference group;
};
ViewDraft read_view(const Value& body, const View* known, std::vector<Problem>& problems);

// From a row of the store.
Result<View> view_from_row(Id id, const std::string& row);

}  // namespace storm
