// Where in a filter something stands: a chain over the readers' frames, which becomes a JSON
// pointer only when there is something to say about the place. Lives as long as the frame that made
// it. Inside core/query only.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/document/value.hpp"

namespace storm {

class Spot {
 public:
  Spot() = default;  // the whole filter
  Spot at(std::string_view key) const { return Spot(this, key, 0); }
  Spot at(std::size_t index) const { return Spot(this, {}, index); }

  std::string pointer() const {
    std::vector<const Spot*> steps;
    for (const Spot* spot = this; spot->parent_; spot = spot->parent_) steps.push_back(spot);
    std::string text;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      const bool keyed = (*step)->key_.data() != nullptr;
      text = keyed ? pointer_join(text, (*step)->key_) : pointer_join(text, (*step)->index_);
    }
    return text;
  }

 private:
  Spot(const Spot* parent, std::string_view key, std::size_t index)
      : parent_(parent), key_(key), index_(index) {}

  const Spot* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
};

}  // namespace storm
