// stormctl: the command line client of stormd.
#include <curl/curl.h>

#include <csignal>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `stormctl events -f | head` ends without a word
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const auto code = storm::cli::run_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
  curl_global_cleanup();
  return static_cast<int>(code);
}
