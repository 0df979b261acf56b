#include "core/config/print_config.hpp"

#include "catch.hpp"
#include "core/config/load_config.hpp"

using Catch::Matchers::Contains;
using storm::Config;
using storm::ConfigFile;
using storm::Environment;
using storm::load_config;
using storm::Overrides;
using storm::to_commented_yaml;

namespace {

Environment root() {
  Environment environment;
  environment.root = true;
  return environment;
}

}  // namespace

TEST_CASE("print config: every value is shown with its origin", "[config]") {
  const ConfigFile file{"/etc/s.yaml",
                        "executors:\n"
                        "  - {name: demo, plugin: simulated, config: {seed: 7}}\n"
                        "events:\n"
                        "  keep: 20000\n"};
  Environment environment = root();
  environment.variables["STORM_LOG_LEVEL"] = "warn";
  Overrides overrides;
  overrides.binds = {"localhost:0"};
  const auto config = load_config(file, overrides, environment);
  REQUIRE(config);
  CHECK(to_commented_yaml(*config) ==
        "# read /etc/s.yaml\n"
        "listen: [\"localhost:0\"]  # flag -b\n"
        "storage:\n"
        "  plugin: \"sqlite\"  # default\n"
        "  config:\n"
        "    \"path\": \"/var/lib/perfectstorm/storm.db\"  # default\n"
        "operators: \"all\"  # default\n"
        "executors:\n"
        "  - {\"name\":\"demo\",\"plugin\":\"simulated\",\"config\":{\"seed\":7}}"
        "  # /etc/s.yaml:2:5\n"
        "plugins:\n"
        "  paths: []  # default\n"
        "  isolation: {}  # default\n"
        "log:\n"
        "  level: \"warn\"  # environment STORM_LOG_LEVEL\n"
        "redaction:\n"
        "  enabled: true  # default\n"
        "  words: []  # default\n"
        "events:\n"
        "  keep: 20000  # /etc/s.yaml:4:9\n"
        "limits:\n"
        "  columns_mb: 128  # default\n"
        "  group_tests: \"none\"  # default\n");
}

TEST_CASE("print config: what is printed is a configuration that says the same", "[config]") {
  const ConfigFile file{"f.yaml",
                        "listen: ['[::1]:7', 'localhost:8']\n"
                        "storage: {plugin: other, config: {}}\n"
                        "operators: [text]\n"
                        "executors: [{plugin: swarm}, {name: \"a # b\", plugin: swarm, config: "
                        "{ttl: 5, zones: [a, b]}}]\n"
                        "plugins: {paths: [/opt/x], isolation: {executor.swarm: in-process}}\n"
                        "log: {level: trace}\n"
                        "redaction: {enabled: false, words: [pin]}\n"
                        "events: {keep: 12345}\n"
                        "limits: {columns_mb: 7}\n"};
  const auto config = load_config(file, {}, root());
  REQUIRE(config);
  const auto again = load_config(ConfigFile{"g.yaml", to_commented_yaml(*config)}, {}, root());
  REQUIRE(again);
  CHECK(again->listen == config->listen);
  CHECK(again->storage.plugin == "other");
  CHECK(again->storage.config == config->storage.config);
  CHECK(again->operators == config->operators);
  CHECK(again->executors == config->executors);
  CHECK(again->plugins.paths == config->plugins.paths);
  CHECK(again->plugins.isolation == config->plugins.isolation);
  CHECK(again->log_level == config->log_level);
  CHECK(again->redaction.enabled == config->redaction.enabled);
  CHECK(again->redaction.extra_words == config->redaction.extra_words);
  CHECK(again->events_kept == 12345);
  CHECK(again->limits == config->limits);
}

TEST_CASE("print config: secrets are not shown", "[config]") {
  const ConfigFile file{
      "f.yaml",
      "storage: {plugin: other, config: {uri: 'db://joe:hunter2@host/x', DbPassword: hunter2}}\n"
      "executors:\n"
      "- plugin: swarm\n"
      "  config:\n"
      "    deep: [{api_key: hunter2, token: [hunter2], house_pin: hunter2}]\n"
      "    tls: {key: /etc/key.pem, inline: '-----BEGIN PRIVATE KEY-----hunter2'}\n"
      "redaction: {words: [PIN]}\n"};
  const auto config = load_config(file, {}, root());
  REQUIRE(config);
  const std::string text = to_commented_yaml(*config);
  CHECK_THAT(text, !Contains("hunter2"));
  CHECK_THAT(text, Contains("db://joe:***@host/x") && Contains("\"DbPassword\": \"***\"") &&
                       Contains("\"house_pin\":\"***\"") && Contains("/etc/key.pem"));
}

TEST_CASE("print config: an ephemeral store is said to be one", "[config]") {
  Overrides overrides;
  overrides.ephemeral = true;
  const auto config = load_config({}, overrides, root());
  REQUIRE(config);
  CHECK_THAT(to_commented_yaml(*config), Contains("# no configuration file\n") &&
                                             Contains("memory") && Contains("flag --ephemeral"));
}

TEST_CASE("print config: the passwords of all URLs in a value are hidden", "[config]") {
  const ConfigFile file{"f.yaml",
                        "storage: {plugin: other, config: "
                        "{uri: 'db://joe:hunter2@a,db://joe:hunter2@b', at: 'db://j:hu/nter2@c', "
                        "DB_PASS: hunter3}}\n"};
  const auto config = load_config(file, {}, root());
  REQUIRE(config);
  CHECK_THAT(to_commented_yaml(*config), Contains("db://joe:***@a,db://joe:***@b") &&
                                             Contains("db://j:***@c") && !Contains("hunter3"));
}
