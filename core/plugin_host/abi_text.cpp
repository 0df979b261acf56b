#include "core/plugin_host/abi_text.hpp"

#include "core/document/json_scan.hpp"

namespace storm {

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kPluginLineBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    line.push_back(byte < 0x20 || byte == 0x7F ? ' ' : c);
  }
  if (!is_utf8(line)) {
    for (char& c : line) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  if (text.size() > kPluginLineBytesMax) line += "...";
  return line;
}

}  // namespace storm
