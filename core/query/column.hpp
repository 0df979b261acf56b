// Column: what stands at one path in each of many documents, packed, so that a condition on it is
// answered without reading them. A row is a document; a cell is a scalar, missing, or says to ask
// the document (an array on the way, an object or a long text at the end). Rows are set by many
// threads, each others of them; shared as const it is immutable. [any-thread when const]
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/path.hpp"

namespace storm {

inline constexpr std::size_t kColumnTextMax = 128;  // bytes of a cell

struct Cell {
  enum class Kind : std::uint8_t { Ask, Missing, Null, False, True, Int, Double, Text };
  Kind kind = Kind::Ask;
  std::uint64_t bits = 0;  // of an Int or a Double
  std::string text;

  // What stands at `path` when the value of its first step is `root`.
  static Cell at(const Path& path, const Value& root);
  // The same as a value. Requires: a scalar, no Ask.
  Value value() const;
};
inline constexpr std::size_t kCellKinds = 8;

class Column {
 public:
  // At most so many bytes of texts are kept: cells with others ask.
  Column(std::size_t rows, std::size_t text_bytes_max)
      : text_bytes_max_(text_bytes_max), kinds_(rows), bits_(rows) {}
  Column(const Column&) = delete;
  Column& operator=(const Column&) = delete;

  std::size_t rows() const { return kinds_.size(); }
  Cell cell(std::size_t row) const;
  const std::vector<Cell::Kind>& kinds() const { return kinds_; }
  // An integer, a double, or the number of a text.
  const std::vector<std::uint64_t>& bits() const { return bits_; }
  const std::deque<Value>& texts() const { return texts_; }  // each once, by number
  // Cells that ask.
  std::size_t asking() const;
  std::size_t bytes() const;

  void set(std::size_t first_row, std::span<const Cell> cells);
  // Takes over cells of another column: `rows` pairs of a row here and one there. Once.
  void carry(const Column& from, std::span<const std::pair<std::uint32_t, std::uint32_t>> rows);

 private:
  bool intern(std::string_view text, std::uint64_t& number);  // Requires: mutex_ held.

  const std::size_t text_bytes_max_;
  std::vector<Cell::Kind> kinds_;
  std::vector<std::uint64_t> bits_;
  std::mutex mutex_;
  std::deque<Value> texts_;                                      // Guarded by mutex_ until shared.
  std::unordered_map<std::string_view, std::uint64_t> numbers_;  // Guarded by mutex_.
  std::size_t text_bytes_ = 0;                                   // Guarded by mutex_.
};

}  // namespace storm
