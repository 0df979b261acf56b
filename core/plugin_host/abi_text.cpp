#include "core/plugin_host/abi_text.hpp"

namespace storm {

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kPluginLineBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    line.push_back(byte < 0x20 || byte == 0x7F ? ' ' : c);
  }
  if (text.size() > kPluginLineBytesMax) line += "...";
  return line;
}

}  // namespace storm
