// A dotted path ("jobs.0.state") and the walk of MongoDB's language from a document to the values
// that a condition on it is tested with. A value; the walk does not allocate. [any-thread when
// const]
//
// The walk goes into the objects of an array, into arrays of arrays only by a position; a number is
// a field of an object and a position in an array. Where an object lacks the field, or a scalar
// stands in the way, the visitor gets nullptr: missing.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/document_view.hpp"

namespace storm {

inline constexpr std::size_t kPathBytesMax = 4096;
inline constexpr std::size_t kPathStepsMax = 200;  // documents are not deeper
// Each position may double the ways through arrays of objects with such names.
inline constexpr std::size_t kPathPositionsMax = 8;

class Path {
 public:
  static constexpr std::size_t kNoPosition = static_cast<std::size_t>(-1);
  struct Step {
    std::string name;
    std::size_t position = kNoPosition;  // when the name is a number without leading zeros
  };

  Path() = default;
  explicit Path(std::string_view text);

  const std::string& text() const { return text_; }
  const std::vector<Step>& steps() const { return steps_; }
  std::size_t positions() const;

 private:
  std::string text_;
  std::vector<Step> steps_;
};

// The number that a path step or key stands for, or Path::kNoPosition.
std::size_t position_of(std::string_view name);

// What happens with an array at the end of a path.
enum class PathEnd {
  Whole,   // the visitor gets the array
  Opened,  // it gets each element, then the array; not so when the array itself was chosen by its
           // position
};

namespace detail {

template <PathEnd end, typename Visit>
class PathWalk {
 public:
  PathWalk(const std::vector<Path::Step>& steps, const Visit& visit)
      : steps_(steps), visit_(visit) {}

  // `value` is what was found for the steps before `next`; true ends the walk.
  bool arrive(const Value* value, std::size_t next) const {
    if (next == steps_.size()) return finish(value);
    if (value && value->is_object()) return arrive(value->find(steps_[next].name), next + 1);
    if (value && value->is_array()) return spread(value->as_array(), next);
    return visit_(nullptr);
  }

 private:
  bool finish(const Value* value) const {
    if (end == PathEnd::Opened && value && value->is_array()) {
      for (const Value& element : value->as_array()) {
        if (visit_(&element)) return true;
      }
    }
    return visit_(value);
  }

  bool spread(const Value::Array& array, std::size_t next) const {
    const Path::Step& step = steps_[next];
    for (std::size_t i = 0; i < array.size(); ++i) {
      const Value& element = array[i];
      if (element.is_object() && arrive(element.find(step.name), next + 1)) return true;
      if (i == step.position && at_position(element, next + 1)) return true;
    }
    return false;
  }

  bool at_position(const Value& element, std::size_t next) const {
    if (next == steps_.size()) return visit_(&element);
    if (element.is_object()) return arrive(element.find(steps_[next].name), next + 1);
    return element.is_array() && spread(element.as_array(), next);
  }

  const std::vector<Path::Step>& steps_;
  const Visit& visit_;
};

}  // namespace detail

// Calls visit(const Value*) for each value until it answers true; whether it did. Requires: a path
// with a step.
template <PathEnd end, typename Visit>
bool walk_path(const DocumentView& document, const Path& path, const Visit& visit) {
  const auto& steps = path.steps();
  return detail::PathWalk<end, Visit>(steps, visit).arrive(document.field(steps.front().name), 1);
}

}  // namespace storm
