#include "cli/print_table.hpp"

#include <algorithm>
#include <string_view>

#include "cli/display_text.hpp"

namespace storm::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";

std::string_view color_of(std::string_view state) {
  struct Row {
    std::string_view state, color;
  };
  constexpr std::string_view kGreen = "\x1b[32m", kYellow = "\x1b[33m", kRed = "\x1b[31m",
                             kGrey = "\x1b[90m";
  static constexpr Row kColors[] = {
      {"running", kGreen},   {"healthy", kGreen},   {"online", kGreen},      {"live", kGreen},
      {"done", kGreen},      {"joined", kGreen},    {"left", kYellow},       {"gap", kRed},
      {"reset", kRed},       {"deleted", kRed},     {"creating", kYellow},   {"created", kYellow},
      {"starting", kYellow}, {"updating", kYellow}, {"updated", kYellow},    {"stopping", kYellow},
      {"removing", kYellow}, {"pending", kYellow},  {"connecting", kYellow}, {"degraded", kYellow},
      {"error", kRed},       {"unhealthy", kRed},   {"offline", kRed},       {"lost", kRed},
      {"failed", kRed},      {"stopped", kGrey},    {"unknown", kGrey},
  };
  for (const Row& row : kColors) {
    if (row.state == state) return row.color;
  }
  return {};
}

// Takes from the widest flexible column until the table fits or nothing more can be given.
void fit(std::vector<std::size_t>& widths, const Table& table, std::size_t limit) {
  const auto total = [&] {
    std::size_t sum = kColumnGap * (widths.empty() ? 0 : widths.size() - 1);
    for (const std::size_t width : widths) sum += width;
    return sum;
  };
  for (std::size_t all = total(); all > limit; all = total()) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (table.columns[i].style != ColumnStyle::Flexible || widths[i] <= kFlexibleWidthMin)
        continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    widths[widest] =
        std::max(kFlexibleWidthMin, widths[widest] - std::min(widths[widest], all - limit));
  }
}

}  // namespace

std::string colored_state(const std::string& text, const std::string& state) {
  const std::string_view color = color_of(state);
  if (color.empty()) return text;
  return std::string(color).append(text).append(kReset);
}

std::string to_text(const Table& table, const TableOptions& options) {
  const std::size_t count = table.columns.size();
  std::vector<std::size_t> widths(count);
  std::vector<std::vector<std::string>> cells;
  cells.reserve(table.rows.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (options.headers) widths[i] = display_width(table.columns[i].header);
  }
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& shown = cells.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      shown.push_back(printable(row[i]));
      widths[i] = std::max(widths[i], display_width(shown.back()));
    }
  }
  const Terminal& terminal = options.terminal;
  if (terminal.width > 0) fit(widths, table, terminal.width);

  std::string out;
  const auto append_cell = [&](std::string text, std::size_t i, std::string_view color) {
    if (terminal.width > 0) text = cut_to(text, widths[i], terminal.utf8 ? "…" : "...");
    const std::size_t used = display_width(text);
    if (!color.empty() && !text.empty()) text = std::string(color).append(text).append(kReset);
    out += text;
    if (i + 1 < count) out.append(widths[i] - std::min(used, widths[i]) + kColumnGap, ' ');
  };
  const auto end_line = [&] {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  if (options.headers) {
    for (std::size_t i = 0; i < count; ++i) {
      append_cell(table.columns[i].header, i, terminal.colors ? kBold : std::string_view());
    }
    end_line();
  }
  for (const std::vector<std::string>& row : cells) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool state = terminal.colors && table.columns[i].style == ColumnStyle::State;
      append_cell(row[i], i, state ? color_of(row[i]) : std::string_view());
    }
    end_line();
  }
  return out;
}

}  // namespace storm::cli
