// What every command gets: the global flags, the terminal and the server. Made once per run.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.hpp"
#include "cli/error_block.hpp"
#include "cli/terminal.hpp"

namespace storm::cli {

enum class OutputFormat { Table, Wide, Json, Ndjson, Yaml, Name, Id };

struct GlobalOptions {
  std::string connect;  // empty: from the environment, or the default
  OutputFormat output = OutputFormat::Table;
  bool output_given = false;
  std::vector<std::string> fields;
  bool no_headers = false;
  ColorMode color = ColorMode::Auto;
  double timeout_seconds = std::chrono::duration<double>(kDefaultTimeout).count();
  std::string token_file;
  std::string authority;
  bool debug = false;
  bool verbose = false;
  bool yes = false;
};

struct Session {
  GlobalOptions options;
  Terminal terminal;
  Client client;

  // Prints the block on standard error in the form the output format asks for.
  ExitCode fail(const ErrorBlock& block) const;
  // To standard output.
  void print(std::string_view text) const;
  // Whether small remarks about what was done are wanted.
  bool talks() const { return terminal.is_tty || options.verbose; }
};

// From the flags, then the environment, then the defaults.
Result<Session> make_session(const GlobalOptions& options);

// "2026-11-21T10:00:00Z"
std::string time_now();

}  // namespace storm::cli
