#include "core/daemon/command_line.hpp"

#include <CLI/CLI.hpp>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/edit_distance.hpp"

namespace storm {
namespace {

constexpr const char* kExamples = R"(
Examples:
  stormd                                 listen on 127.0.0.1:28482, keep everything in the embedded store
  stormd -c /etc/perfectstorm/stormd.yaml
  stormd -b '[::1]' -b 127.0.0.1:8000    listen at two addresses
  stormd --ephemeral -p 0                keep everything in memory, on a port that is free
  stormd --print-config                  show every setting and where it comes from

Signals: TERM and INT stop it, HUP reads the configuration again.
)";

// The name of the option that the word is, without a value; empty when it is a value.
std::string_view option_in(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return {};
  return word[1] == '-' ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

// "stormd: unknown option "--prnt-config"; did you mean "--print-config"?"
std::string refusal(const CLI::App& app, const CLI::ParseError& error, int argc,
                    const char* const* argv) {
  std::string message = error.what();
  std::vector<std::string_view> known;
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const std::string& name : names) known.push_back(name);
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = option_in(argv[i]);
    if (name.empty() || app.get_option_no_throw(std::string(name)) != nullptr) continue;
    message = "unknown option \"" + std::string(name) + '"';
    const std::string_view near = nearest_name(name, known);
    if (!near.empty()) message += "; did you mean \"" + std::string(near) + "\"?";
    break;
  }
  return "stormd: " + message + "\n  hint: stormd --help\n";
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(
      "The core server of Perfect Storm: one live model of everything that runs in your clouds.",
      "stormd");
  app.footer(kExamples);
  std::string config_file;
  std::int64_t port = 0;
  auto* config = app.add_option("-c,--config", config_file, "Configuration file (YAML)");
  app.add_option("-b,--bind", line.overrides.binds, "Listen at HOST[:PORT]; may be repeated")
      ->allow_extra_args(false);
  auto* port_option = app.add_option(
      "-p,--port", port, "Port of all addresses but those that -b gives with one (28482)");
  app.add_flag("--ephemeral", line.overrides.ephemeral,
               "Keep everything in memory; nothing survives a stop");
  app.add_flag("--print-config", line.print_config,
               "Show every setting with its origin, and leave");
  app.add_flag("-D,--debug", line.overrides.debug, "Log more");
  app.set_version_flag("--version", std::string("stormd ") + STORM_VERSION);
  try {
    app.parse(argc, argv);
    if (config->count() > 0) line.config_file = config_file;
    if (port_option->count() > 0) line.overrides.port = port;
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const int code = app.exit(error, out, out);
    line.leave = CommandLine::Leave{code == 0 ? out.str() : refusal(app, error, argc, argv),
                                    code == 0 ? 0 : 2};
  }
  return line;
}

}  // namespace storm
