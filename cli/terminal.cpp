#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace storm::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool locale_is_utf8() {
  std::string_view locale = environment("LC_ALL");
  if (locale.empty()) locale = environment("LC_CTYPE");
  if (locale.empty()) locale = environment("LANG");
  for (const std::string_view name : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
    if (locale.find(name) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Terminal find_terminal(ColorMode mode) {
  Terminal terminal;
  terminal.is_tty = ::isatty(STDOUT_FILENO) == 1;
  if (terminal.is_tty) {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
      terminal.width = size.ws_col;
      terminal.height = size.ws_row;
    }
    terminal.utf8 = locale_is_utf8();
  }
  // https://no-color.org and https://bixense.com/clicolors
  const bool forced =
      !environment("CLICOLOR_FORCE").empty() && environment("CLICOLOR_FORCE") != "0";
  const bool wanted = forced || (terminal.is_tty && environment("TERM") != "dumb");
  terminal.colors = mode == ColorMode::Always ||
                    (mode == ColorMode::Auto && wanted && environment("NO_COLOR").empty());
  return terminal;
}

}  // namespace storm::cli
