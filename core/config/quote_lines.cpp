#include "core/config/quote_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <vector>

namespace storm {
namespace {

constexpr std::size_t kQuotedBytesMax = 200;  // of a line; what is longer is not quoted

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Takes "12:" away; 0 when there is none.
std::size_t take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (fault != std::errc() || used >= text.size() || text[used] != ':') return 0;
  text.remove_prefix(used + 1);
  return number;
}

bool is_plain(std::string_view line) {
  return line.size() <= kQuotedBytesMax && std::none_of(line.begin(), line.end(), [](char c) {
           return (c >= 0 && c < ' ') || c == 0x7F;
         });
}

}  // namespace

std::string with_quoted_lines(const std::string& message, const ConfigFile& file) {
  const std::vector<std::string_view> lines = lines_of(file.text);
  std::string text;
  for (const std::string_view part : lines_of(message)) {
    if (!text.empty()) text += '\n';
    text += part;
    if (!part.starts_with(file.path + ":")) continue;
    std::string_view rest = part.substr(file.path.size() + 1);
    const std::size_t number = take_number(rest);
    const std::size_t column = take_number(rest);
    if (number == 0 || column == 0 || number > lines.size()) continue;
    const std::string_view line = lines[number - 1];
    if (!is_plain(line) || column > line.size() + 1) continue;
    const std::string shown = std::to_string(number);
    text += fmt::format("\n  {} | {}\n  {} | {}^", shown, line, std::string(shown.size(), ' '),
                        std::string(column - 1, ' '));
  }
  return text;
}

}  // namespace storm
