#include "agent/agent_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/document/json.hpp"
#include "core/document/yaml_reader.hpp"
#include "core/plugin_host/operator_loader.hpp"

namespace storm::agent {
namespace {

constexpr std::string_view kGeneralName = "storm-agent";
constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
constexpr std::size_t kHostNameBytesMax = 256;
constexpr int kUsage = 2;

constexpr const char* kExamples = R"(
Examples:
  storm-swarm --host=10.0.0.5:2375
  storm-agent swarm --set host=unix:///var/run/docker.sock --name east
  storm-agent swarm --config @swarm.yaml --api https://storm.example.com:28482 --token-file token
)";

Error wrong(std::string message) { return Error{Errc::InvalidArgument, std::move(message)}; }

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string host_name() {
  std::array<char, kHostNameBytesMax> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

Result<std::string> read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return wrong(fmt::format("cannot read {}: {}", file, std::strerror(errno)));
  std::string text(kConfigBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) {
    return wrong(fmt::format("{} is larger than {} bytes", file, kConfigBytesMax));
  }
  return text;
}

// A map, as YAML or JSON, or @ and the file that has it.
Result<Value> read_config(const std::string& given) {
  const bool from_file = given.starts_with('@');
  const std::string text = from_file ? STORM_TRY(read_file(given.substr(1))) : given;
  YamlDocument document = STORM_TRY(parse_yaml(text, from_file ? given.substr(1) : "--config"));
  if (document.root.is_null()) return Value::object();
  if (!document.root.is_object()) return wrong("--config takes a map, such as '{host: ...}'");
  return std::move(document.root);
}

// KEY=VALUE, where VALUE is JSON or else a text.
Result<void> set(Value& config, const std::string& given) {
  const std::size_t equals = given.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return wrong(fmt::format("--set takes KEY=VALUE, not \"{}\"", given));
  }
  const std::string text = given.substr(equals + 1);
  Result<Value> value = parse_json(text);
  config.set(given.substr(0, equals), value ? std::move(*value) : Value(text));
  return {};
}

struct Given {
  std::string plugin, name, api, config, host, token_file, authority;
  std::vector<std::string> settings, folders;
  bool debug = false;
};

Result<AgentOptions> options_of(const Given& given, const std::filesystem::path& program) {
  AgentOptions options;
  options.plugin = given.plugin;
  options.debug = given.debug;
  options.name = given.name.empty() ? given.plugin + "-" + host_name() : given.name;
  if (!given.config.empty()) options.config = STORM_TRY(read_config(given.config));
  for (const std::string& setting : given.settings) STORM_TRY(set(options.config, setting));
  if (!given.host.empty()) {
    const bool has_scheme = given.host.find("://") != std::string::npos;
    options.config.set("host", has_scheme ? given.host : "tcp://" + given.host);
  }
  for (const std::string& folder : given.folders) {
    options.folders.push_back(std::filesystem::absolute(folder).lexically_normal());
  }
  for (std::filesystem::path& folder : installed_plugin_folders(program.parent_path())) {
    options.folders.push_back(std::move(folder));
  }
  std::string api = given.api;
  if (api.empty()) api = environment("STORMD_HOST");
  if (api.empty()) api = environment("STORM_HOST");
  options.server.address = STORM_TRY(cli::parse_address(api.empty() ? "127.0.0.1" : api));
  options.server.authority = given.authority;
  options.server.token = environment("STORM_TOKEN");
  if (!given.token_file.empty()) {
    options.server.token = STORM_TRY(read_file(given.token_file));
    const std::size_t end = options.server.token.find_first_of(" \r\n");
    options.server.token.resize(std::min(end, options.server.token.size()));
  }
  STORM_TRY(cli::check_token_is_safe(options.server));
  return options;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Given given;
  const std::string called = std::filesystem::path(argv[0]).filename().string();
  const bool general = called == kGeneralName || !called.starts_with("storm-");
  CLI::App app(
      "One executor as a program of its own: it watches a cloud from this machine and tells a "
      "stormd what is there.",
      called);
  app.footer(kExamples);
  if (general) {
    app.add_option("PLUGIN", given.plugin, "The executor plugin, such as swarm")->required();
  } else {
    given.plugin = called.substr(std::string_view("storm-").size());
  }
  app.add_option("--host", given.host,
                 "HOST:PORT of the cloud, for plugins that have the setting `host`");
  app.add_option("--set", given.settings, "KEY=VALUE, a setting of the plugin; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--config", given.config, "Settings of the plugin: a map, or @FILE with one");
  app.add_option("--name", given.name, "Name of the agent (PLUGIN-HOSTNAME)");
  app.add_option("--api", given.api, "The stormd: HOST:PORT or https://HOST:PORT (STORMD_HOST)");
  app.add_option("--token-file", given.token_file, "File with the token for it (STORM_TOKEN)");
  app.add_option("--cacert", given.authority, "Certificates to trust, for https://");
  app.add_option("--plugins", given.folders, "A further folder with plugins; may be repeated")
      ->allow_extra_args(false);
  app.add_flag("-D,--debug", given.debug, "Log more");
  app.set_version_flag("--version", called + " " + STORM_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const int code = app.exit(error, out, out);
    line.leave = CommandLine::Leave{out.str(), code == 0 ? 0 : kUsage};
    return line;
  }
  std::error_code unknown;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  Result<AgentOptions> options = options_of(given, self);
  if (!options) {
    line.leave =
        CommandLine::Leave{fmt::format("{}: {}\n", called, options.error().message), kUsage};
    return line;
  }
  line.options = std::move(*options);
  return line;
}

}  // namespace storm::agent
