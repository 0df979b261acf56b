#include "core/query/column.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace storm {
namespace {

// What a text costs beside its own bytes: a value, a place in the table and its node.
constexpr std::size_t kTextOverhead = 112;

Cell scalar(const Value& value) {
  Cell cell;
  switch (value.kind()) {
    case Value::Kind::Null:
      cell.kind = Cell::Kind::Null;
      break;
    case Value::Kind::Bool:
      cell.kind = value.as_bool() ? Cell::Kind::True : Cell::Kind::False;
      break;
    case Value::Kind::Int:
      cell.kind = Cell::Kind::Int;
      cell.bits = static_cast<std::uint64_t>(value.as_int());
      break;
    case Value::Kind::Double:
      cell.kind = Cell::Kind::Double;
      cell.bits = std::bit_cast<std::uint64_t>(value.as_double());
      break;
    case Value::Kind::String:
      if (value.as_string().size() > kColumnTextMax) break;
      cell.kind = Cell::Kind::Text;
      cell.text = value.as_string();
      break;
    case Value::Kind::Array:
    case Value::Kind::Object:
      break;
  }
  return cell;
}

}  // namespace

Cell Cell::at(const Path& path, const Value& root) {
  const Value* value = &root;
  for (std::size_t step = 1; step < path.steps().size(); ++step) {
    if (value->is_array()) return {};
    value = value->find(path.steps()[step].name);
    if (value == nullptr) return {Kind::Missing, 0, {}};
  }
  return scalar(*value);
}

Value Cell::value() const {
  switch (kind) {
    case Kind::False:
    case Kind::True:
      return kind == Kind::True;
    case Kind::Int:
      return static_cast<std::int64_t>(bits);
    case Kind::Double:
      return std::bit_cast<double>(bits);
    case Kind::Text:
      return text;
    case Kind::Ask:
    case Kind::Missing:
    case Kind::Null:
      break;
  }
  return {};
}

Cell Column::cell(std::size_t row) const {
  Cell cell{kinds_[row], bits_[row], {}};
  if (cell.kind == Cell::Kind::Text) cell.text = texts_[cell.bits].as_string();
  return cell;
}

std::size_t Column::asking() const {
  return static_cast<std::size_t>(std::ranges::count(kinds_, Cell::Kind::Ask));
}

std::size_t Column::bytes() const {
  return sizeof(*this) + rows() * (sizeof(Cell::Kind) + sizeof(std::uint64_t)) + text_bytes_;
}

bool Column::intern(std::string_view text, std::uint64_t& number) {
  if (const auto known = numbers_.find(text); known != numbers_.end()) {
    number = known->second;
    return true;
  }
  if (text_bytes_ + text.size() + kTextOverhead > text_bytes_max_) return false;
  text_bytes_ += text.size() + kTextOverhead;
  number = texts_.size();
  texts_.emplace_back(text);
  numbers_.emplace(texts_.back().as_string(), number);
  return true;
}

void Column::set(std::size_t first_row, std::span<const Cell> cells) {
  std::unique_lock lock(mutex_, std::defer_lock);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    Cell::Kind kind = cell.kind;
    std::uint64_t bits = cell.bits;
    if (kind == Cell::Kind::Text) {
      if (!lock.owns_lock()) lock.lock();
      if (!intern(cell.text, bits)) kind = Cell::Kind::Ask;
    }
    kinds_[first_row + i] = kind;
    bits_[first_row + i] = bits;
  }
}

void Column::carry(const Column& from,
                   std::span<const std::pair<std::uint32_t, std::uint32_t>> rows) {
  static constexpr std::uint64_t kNotYet = std::numeric_limits<std::uint64_t>::max();
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> numbers(from.texts_.size(), kNotYet);
  for (const auto& [here, there] : rows) {
    kinds_[here] = from.kinds_[there];
    bits_[here] = from.bits_[there];
    if (kinds_[here] != Cell::Kind::Text) continue;
    std::uint64_t& number = numbers[from.bits_[there]];
    if (number == kNotYet && !intern(from.texts_[from.bits_[there]].as_string(), number)) {
      kinds_[here] = Cell::Kind::Ask;
      continue;
    }
    bits_[here] = number;
  }
}

}  // namespace storm
