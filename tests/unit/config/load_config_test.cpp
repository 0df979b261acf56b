#include "core/config/load_config.hpp"

#include <random>

#include "catch.hpp"

using Catch::Matchers::Contains;
using storm::Config;
using storm::ConfigFile;
using storm::Environment;
using storm::load_config;
using storm::Overrides;
using storm::Result;
using storm::to_text;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Environment user(Variables variables = {}) {
  variables.emplace("HOME", "/home/joe");
  return {std::move(variables), false, {}};
}

Result<Config> load(const std::string& text, const Overrides& overrides = {},
                    Variables variables = {}) {
  return load_config(ConfigFile{"f.yaml", text}, overrides, user(std::move(variables)));
}

std::string refusal(const Result<Config>& config) {
  return config ? "taken" : config.error().message;
}

std::vector<std::string> listen(const Result<Config>& config) {
  std::vector<std::string> texts;
  INFO(refusal(config));
  REQUIRE(config);
  for (const auto& address : config->listen) texts.push_back(to_text(address));
  return texts;
}

std::string origin(const Result<Config>& config, const char* pointer) {
  INFO(refusal(config));
  REQUIRE(config);
  return to_text(config->origin_of(pointer));
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("config: everything has a default", "[config]") {
  const auto config = load_config({}, {}, user());
  CHECK(listen(config) == Texts{"127.0.0.1:28482"});
  CHECK(config->storage.plugin == "sqlite");
  CHECK(config->storage.config.find("path")->as_string() ==
        "/home/joe/.local/state/perfectstorm/storm.db");
  CHECK_FALSE(config->ephemeral);
  CHECK_FALSE(config->operators);
  CHECK(config->executors.empty());
  CHECK(config->log_level == storm::LogLevel::Info);
  CHECK(config->redaction.enabled);
  CHECK(config->events_kept == 10'000);
  CHECK(origin(config, "/listen") == "default");
  CHECK(origin(config, "/storage/config/path") == "default");
  CHECK(load(""));
  CHECK(load("listen:\nexecutors:\nstorage:\n"));
}

TEST_CASE("config: the store's default place follows the user", "[config]") {
  const auto path = [](const Environment& environment) {
    const auto config = load_config({}, {}, environment);
    return config ? config->storage.config.find("path")->as_string() : config.error().message;
  };
  CHECK(path({{{"HOME", "/root"}}, true, {}}) == "/var/lib/perfectstorm/storm.db");
  CHECK(path(user({{"XDG_STATE_HOME", "/state"}})) == "/state/perfectstorm/storm.db");
  CHECK(path(user({{"XDG_STATE_HOME", "relative"}})) ==
        "/home/joe/.local/state/perfectstorm/storm.db");
  CHECK_THAT(path({{}, false, {}}), Contains("/storage/config/path") && Contains("HOME"));
  Overrides ephemeral;
  ephemeral.ephemeral = true;
  CHECK(load_config({}, ephemeral, {{}, false, {}}));
  CHECK(load("storage: {plugin: sqlite, config: {path: /x.db}}")
            ->storage.config.find("path")
            ->as_string() == "/x.db");
}

TEST_CASE("config: the whole shape is read", "[config]") {
  const auto config = load(
      "listen: ['127.0.0.1:1', '[::1]:2']\n"
      "storage: {plugin: other, config: {a: [1, {b: c}]}}\n"
      "operators: [text]\n"
      "executors:\n"
      "- {name: prod, plugin: swarm, config: {host: 'unix:///var/run/docker.sock'}}\n"
      "- {plugin: simulated}\n"
      "publishers: []\n"
      "plugins: {paths: [more, /opt], isolation: {executor.swarm: in-process}}\n"
      "log: {level: debug}\n"
      "redaction: {enabled: false, words: [pin]}\n"
      "events: {keep: 50000}\n"
      "limits: {columns_mb: 5, group_tests: 9000}\n");
  CHECK(listen(config) == Texts{"127.0.0.1:1", "[::1]:2"});
  CHECK(config->storage.plugin == "other");
  CHECK(config->storage.config ==
        storm::Value(
            storm::Value::Object{{"a", storm::Value::Array{1, storm::Value::Object{{"b", "c"}}}}}));
  CHECK(*config->operators == Texts{"text"});
  REQUIRE(config->executors.size() == 2);
  CHECK(config->executors[0].name == "prod");
  CHECK(config->executors[0].config.find("host")->as_string() == "unix:///var/run/docker.sock");
  CHECK(config->executors[1].name == "simulated");
  CHECK(config->executors[1].config == storm::Value::object());
  CHECK(config->plugins.paths[1] == "/opt");
  CHECK(config->plugins.isolation.at("executor.swarm") == "in-process");
  CHECK(config->log_level == storm::LogLevel::Debug);
  CHECK_FALSE(config->redaction.enabled);
  CHECK(config->redaction.extra_words == Texts{"pin"});
  CHECK(config->events_kept == 50'000);
  CHECK(config->limits.column_megabytes == 5);
  CHECK(config->limits.group_tests == std::size_t{9000});
  CHECK(origin(config, "/log/level") == "f.yaml:9:14");
  CHECK(origin(config, "/listen") == "f.yaml:1:9");
}

TEST_CASE("config: further plugin folders are seen from the file", "[config]") {
  const auto config = load_config(
      ConfigFile{"/etc/perfectstorm/f.yaml", "plugins: {paths: [../more, /opt]}"}, {}, user());
  REQUIRE(config);
  CHECK(config->plugins.paths == Texts{"/etc/more", "/opt"});
}

TEST_CASE("config: flag over environment over file over default", "[config]") {
  const std::string file = "listen: ['127.0.0.1:1']\nlog: {level: warn}\n";
  Overrides flags;
  flags.binds = {"127.0.0.3:3", "localhost"};
  const Variables variables = {{"STORM_BIND", "127.0.0.2:2, [::1]"}, {"STORM_LOG_LEVEL", "error"}};

  CHECK(listen(load(file)) == Texts{"127.0.0.1:1"});
  CHECK(listen(load(file, {}, variables)) == Texts{"127.0.0.2:2", "[::1]:28482"});
  CHECK(listen(load(file, flags, variables)) == Texts{"127.0.0.3:3", "localhost:28482"});
  CHECK(origin(load(file), "/listen") == "f.yaml:1:9");
  CHECK(origin(load(file, {}, variables), "/listen") == "environment STORM_BIND");
  CHECK(origin(load(file, flags, variables), "/listen") == "flag -b");

  CHECK(load(file)->log_level == storm::LogLevel::Warn);
  CHECK(load(file, {}, variables)->log_level == storm::LogLevel::Error);
  CHECK(load(file, {}, {{"STORM_DEBUG", "1"}})->log_level == storm::LogLevel::Debug);
  CHECK(load(file, {}, {{"STORM_DEBUG", "0"}})->log_level == storm::LogLevel::Warn);
  CHECK(load("log: {level: trace}", {}, {{"STORM_DEBUG", "1"}})->log_level ==
        storm::LogLevel::Trace);
  CHECK(load(file, {}, {{"STORM_BIND", ""}})->listen[0].port == 1);
}

TEST_CASE("config: the port fills in, and wins over weaker origins", "[config]") {
  Overrides flag;
  flag.port = 9000;
  CHECK(listen(load("", flag)) == Texts{"127.0.0.1:9000"});
  CHECK(listen(load("listen: ['127.0.0.1:1', 'localhost']", flag)) ==
        Texts{"127.0.0.1:9000", "localhost:9000"});
  flag.binds = {"127.0.0.1:1", "localhost"};
  CHECK(listen(load("", flag)) == Texts{"127.0.0.1:1", "localhost:9000"});
  const Variables port = {{"STORM_PORT", "7"}};
  CHECK(listen(load("listen: ['127.0.0.1:1']", {}, port)) == Texts{"127.0.0.1:7"});
  CHECK(listen(load("", flag, port)) == Texts{"127.0.0.1:1", "localhost:9000"});
  Overrides binds;
  binds.binds = {"127.0.0.1:1", "localhost"};
  CHECK(listen(load("", binds, port)) == Texts{"127.0.0.1:1", "localhost:7"});
  flag.binds = {"127.0.0.1:0", "127.0.0.1:0"};
  CHECK(listen(load("", flag)) == Texts{"127.0.0.1:0", "127.0.0.1:0"});
}

TEST_CASE("config: the store can be named by flag and environment", "[config]") {
  Overrides flag;
  flag.ephemeral = true;
  CHECK(load("", flag)->ephemeral);
  CHECK(load("", {}, {{"STORM_EPHEMERAL", "yes"}})->ephemeral);
  CHECK_FALSE(load("", {}, {{"STORM_EPHEMERAL", "0"}})->ephemeral);
  const auto config = load("storage: {config: {path: /x}}", {}, {{"STORM_STORAGE_PATH", "/y"}});
  CHECK(config->storage.config.find("path")->as_string() == "/y");
  CHECK(origin(config, "/storage/config/path") == "environment STORM_STORAGE_PATH");
}

TEST_CASE("config: what is wrong in the file is refused at its place", "[config]") {
  const auto [text, message] = GENERATE(table<const char*, const char*>({
      {"lisen: []", "f.yaml:1:1: /lisen: unknown key \"lisen\"; did you mean \"listen\"?"},
      {"database: x", "f.yaml:1:1: /database: unknown key \"database\"; known are listen, storage"},
      {"- a", "f.yaml:1:1: must be a map"},
      {"listen: 127.0.0.1", "f.yaml:1:9: /listen: must be a list, not \"127.0.0.1\""},
      {"listen: []", "f.yaml:1:9: /listen: names no address"},
      {"listen:\n- 8080", "f.yaml:2:3: /listen/0: must be a string, not 8080"},
      {"listen: ['localhost:http']", "f.yaml:1:10: /listen/0: \"http\" is not a port"},
      {"listen: ['localhost:1', 'localhost:1']",
       "f.yaml:1:25: /listen/1: localhost:1 is named twice"},
      {"storage: sqlite", "f.yaml:1:10: /storage: must be a map, not \"sqlite\""},
      {"storage: {plugn: x}", "f.yaml:1:11: /storage/plugn: unknown key"},
      {"storage: {plugin: ../x}", "f.yaml:1:19: /storage/plugin: \"../x\" is not a plugin's name"},
      {"storage: {plugin: mongodb}", "MongoDB storage plugin does not exist yet"},
      {"operators: text", "f.yaml:1:12: /operators: must be a list"},
      {"operators: [Text]", "f.yaml:1:13: /operators/0: "},
      {"executors: [{name: a}]", "f.yaml:1:13: /executors/0: lacks \"plugin\""},
      {"executors: [{plugin: 7}]", "f.yaml:1:22: /executors/0/plugin: must be a string, not 7"},
      {"executors: [{plugin: a, confg: {}}]",
       "f.yaml:1:25: /executors/0/confg: unknown key \"confg\"; did you mean \"config\"?"},
      {"executors: [{plugin: a, config: []}]", "f.yaml:1:33: /executors/0/config: must be a map"},
      {"executors: [{plugin: a, name: ''}]", "f.yaml:1:31: /executors/0/name: must be 1 to 64"},
      {"executors:\n- {name: x, plugin: a}\n- {name: x, plugin: b}",
       "f.yaml:3:10: /executors/1/name: the name \"x\" is taken at f.yaml:2:10"},
      {"executors:\n- plugin: a\n- plugin: a", "the name \"a\" is taken at f.yaml:2:3"},
      {"publishers: [{name: p, plugin: dns}]",
       "f.yaml:1:14: /publishers/0: there are no publishers yet; leave it out"},
      {"publishers: {}", "f.yaml:1:13: /publishers: must be a list"},
      {"plugins: {isolation: {executor.swarm: thread}}",
       "f.yaml:1:39: /plugins/isolation/executor.swarm: must be \"process\" or \"in-process\", not "
       "\"thread\""},
      {"plugins: {paths: ['']}", "f.yaml:1:19: /plugins/paths/0: must not be empty"},
      {"log: {level: loud}", "f.yaml:1:14: /log/level: unknown level \"loud\""},
      {"redaction: {enabled: 1}", "f.yaml:1:22: /redaction/enabled: must be true or false, not 1"},
      {"events: {keep: 5}", "f.yaml:1:16: /events/keep: must be from 10000 to 10000000, not 5"},
      {"limits: {columns_mb: -1}", "f.yaml:1:22: /limits/columns_mb: must be from 0 to 1000000"},
      {"limits: {group_tests: some}",
       "f.yaml:1:23: /limits/group_tests: must be a whole number, not \"some\""},
      {"limits: {columns: 1}", "f.yaml:1:10: /limits/columns: unknown key \"columns\""},
      {"a: [", "f.yaml:1:"},
      {"log: {level: info}\nlog: {level: info}", "f.yaml:2:1: duplicate key \"log\""},
  }));
  INFO(text);
  const auto config = load(text);
  REQUIRE_FALSE(config);
  CHECK(config.error().code == storm::Errc::InvalidArgument);
  CHECK_THAT(config.error().message, Contains(message));
}

TEST_CASE("config: all that is wrong is told at once, within bounds", "[config]") {
  const auto config = load("lisen: []\nlog: {level: loud}\n");
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, Contains("f.yaml:1:1") && Contains("\nf.yaml:2:14"));
  REQUIRE(config.error().problems.size() == 2);
  CHECK(config.error().problems[1].pointer == "/log/level");
  std::string many;
  for (int i = 0; i < 500; ++i) many += "key" + std::to_string(i) + ": 1\n";
  CHECK_THAT(refusal(load(many)), Contains("... and 480 more"));
}

TEST_CASE("config: what is wrong in flags and environment is refused by name", "[config]") {
  CHECK_THAT(refusal(load("", {}, {{"STORM_MONGODB", "mongodb://joe:pw@h"}})),
             Contains("environment STORM_MONGODB") && Contains("does not exist yet") &&
                 Contains("sqlite") && !Contains("pw@"));
  CHECK_THAT(refusal(load("", {}, {{"STORM_PORT", "http"}})), Contains("STORM_PORT"));
  CHECK_THAT(refusal(load("", {}, {{"STORM_BIND", "a:b:c"}})), Contains("STORM_BIND"));
  CHECK_THAT(refusal(load("", {}, {{"STORM_DEBUG", "maybe"}})), Contains("STORM_DEBUG"));
  CHECK_THAT(refusal(load("", {}, {{"STORM_LOG_LEVEL", "x"}})), Contains("STORM_LOG_LEVEL"));
  CHECK_THAT(refusal(load("storage: {plugin: other}", {}, {{"STORM_STORAGE_PATH", "/x"}})),
             Contains("STORM_STORAGE_PATH"));
  Overrides overrides;
  overrides.port = 70'000;
  CHECK_THAT(refusal(load("", overrides)), Contains("flag -p: port 70000"));
  overrides = {};
  overrides.binds = {":1"};
  CHECK_THAT(refusal(load("", overrides)), Contains("flag -b") && Contains("names no host"));
  overrides.binds.assign(17, "127.0.0.1:0");
  CHECK_THAT(refusal(load("", overrides)), Contains("the limit is 16"));
}

TEST_CASE("config: stormd is not open to other machines without TLS and a token", "[config]") {
  for (const char* host : {"0.0.0.0", "[::]", "10.0.0.1", "[2001:db8::1]:80"}) {
    Overrides overrides;
    overrides.binds = {host};
    CHECK_THAT(refusal(load("", overrides)),
               Contains("flag -b") && Contains("TLS and tokens") && Contains("127.0.0.1"));
  }
  Overrides named;
  named.binds = {"storm.example.com"};  // the daemon decides once it is resolved
  CHECK(load("", named));
}

TEST_CASE("config: damaged text is read or refused at a place, never worse", "[config]") {
  const std::string sound =
      "listen: ['127.0.0.1:1', '[::1]:2']\nstorage: {plugin: other, config: {a: [1, {b: c}]}}\n"
      "executors:\n- {name: prod, plugin: swarm, config: {host: x}}\n- plugin: simulated\n"
      "plugins: {paths: [/opt], isolation: {executor.swarm: in-process}}\nlog: {level: debug}\n";
  REQUIRE(load(sound));
  std::mt19937 random(20161);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const std::string marks =
      "{}[]:,-'\"\n &*!|>%@`#~\x01\xff"
      "a0";
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = sound;
    for (std::size_t change = 1 + below(4); change > 0; --change) {
      const std::size_t at = below(text.size());
      if (below(2) == 0) {
        text[at] = marks[below(marks.size())];
      } else {
        text.erase(at, 1 + below(5));
      }
    }
    const auto config = load(text);
    if (config) continue;
    ++refused;
    if (config.error().message.rfind("f.yaml:", 0) != 0) FAIL(config.error().message);
  }
  CHECK(refused > 500);
}
