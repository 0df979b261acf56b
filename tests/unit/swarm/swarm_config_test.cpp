#include "plugins/executors/swarm/swarm_config.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "storm/cpp/fault.hpp"

using namespace storm::swarm;

namespace {

std::string refusal(const std::string& json) {
  try {
    parse_swarm_config(json);
  } catch (const storm::sdk::Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    return fault.message();
  }
  return "";
}

}  // namespace

TEST_CASE("swarm config: the defaults are the local manager", "[swarm]") {
  for (const char* json : {"", "{}"}) {
    const SwarmConfig config = parse_swarm_config(json);
    CHECK(config.unix_socket == "/var/run/docker.sock");
    CHECK(config.control_socket == "/var/run/docker/swarm/control.sock");
    CHECK(config.push == PushMode::Auto);
    CHECK(config.events);
    CHECK_FALSE(config.control_socket_given);
  }
}

TEST_CASE("swarm config: TCP, with and without TLS", "[swarm]") {
  CHECK(parse_swarm_config(R"({"host":"tcp://10.0.0.1:2375"})").base_url == "http://10.0.0.1:2375");
  const SwarmConfig tls = parse_swarm_config(
      R"({"host":"tcp://swarm.example.org:2376","tls":{"ca":"/a","cert":"/b","key":"/c"},"push":"off"})");
  CHECK(tls.base_url == "https://swarm.example.org:2376");
  CHECK(tls.tls.ca == "/a");
  CHECK(tls.tls.cert == "/b");
  CHECK(tls.tls.key == "/c");
  CHECK(tls.push == PushMode::Off);
  CHECK(parse_swarm_config(R"({"host":"tcp://[::1]:2375"})").base_url == "http://[::1]:2375");
}

TEST_CASE("swarm config: what is wrong is named with its key, value and what is allowed",
          "[swarm]") {
  CHECK(refusal(R"({"push":"sometimes"})") ==
        "push: \"sometimes\" is not valid; allowed: auto, off, required");
  CHECK(refusal(R"({"hots":"x"})") ==
        "hots: this key is not valid; allowed: host, tls, push, control_socket, events");
  CHECK(refusal(R"({"tls":{"ca":"a","cert":"b"},"host":"tcp://h:1"})").starts_with("tls.key: "));
  CHECK(refusal(R"({"tls":{"ca":"a","cert":"b","key":"c"}})").starts_with("tls: "));
  CHECK(refusal(R"({"events":"yes"})") == "events: \"yes\" is not valid; allowed: true, false");
  CHECK(refusal(R"({"control_socket":"relative"})").starts_with("control_socket: \"relative\""));
  for (const char* host : {"", "localhost", "unix://", "unix://relative", "tcp://", "tcp://host",
                           "tcp://host:", "tcp://host:0", "tcp://host:70000", "tcp://:1",
                           "tcp://a:b@c:1", "tcp://host:1/path", "http://host:1"}) {
    CAPTURE(host);
    const std::string message = refusal(nlohmann::json{{"host", host}}.dump());
    CHECK(message.starts_with("host: "));
    CHECK(message.ends_with("allowed: unix:///PATH or tcp://HOST:PORT"));
  }
  CHECK(refusal("[]").starts_with("config: "));
  CHECK(refusal("{").starts_with("config: "));
}

TEST_CASE("swarm config: its schema is JSON and names every key", "[swarm]") {
  const auto schema = nlohmann::json::parse(kConfigSchema);
  for (const char* key : {"host", "tls", "push", "control_socket", "events"}) {
    CHECK(schema["properties"].contains(key));
  }
}
