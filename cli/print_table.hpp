// A table as text: columns three spaces apart, left aligned to the widest cell, nothing behind the
// last one. On a terminal the flexible columns give way until the rows fit, and states are
// coloured. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace storm::cli {

inline constexpr std::size_t kColumnGap = 3;
inline constexpr std::size_t kFlexibleWidthMin = 10;

enum class ColumnStyle {
  Plain,
  Flexible,  // may be cut to fit a terminal
  State,     // coloured by what it says
};

struct TableColumn {
  std::string header;
  ColumnStyle style = ColumnStyle::Plain;
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as there are columns
};

struct TableOptions {
  bool headers = true;
  Terminal terminal = {};
};

std::string to_text(const Table& table, const TableOptions& options);
// `text` in the colour of a status or health; unchanged for states of no colour.
std::string colored_state(const std::string& text, const std::string& state);

}  // namespace storm::cli
