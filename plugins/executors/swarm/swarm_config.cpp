#include "plugins/executors/swarm/swarm_config.hpp"

#include <cctype>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "storm/cpp/fault.hpp"

namespace storm::swarm {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& key, const std::string& value,
                         const std::string& allowed) {
  throw sdk::Fault(STORM_E_INVALID, key + ": " + value + " is not valid; allowed: " + allowed)
      .layer(STORM_LAYER_CONFIG);
}

void refuse_unknown_keys(const Json& object, const std::string& prefix,
                         std::initializer_list<std::string_view> allowed) {
  for (const auto& [key, value] : object.items()) {
    bool known = false;
    std::string list;
    for (const std::string_view name : allowed) {
      known = known || name == key;
      list += (list.empty() ? "" : ", ") + std::string(name);
    }
    if (!known) refuse(prefix + key, "this key", list);
  }
}

std::string text_at(const Json& object, const char* key, const std::string& path,
                    std::string_view fallback, const std::string& allowed) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string(fallback);
  if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
    refuse(path, found->dump(), allowed);
  }
  return found->get<std::string>();
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned port = 0;
  for (const char digit : text) {
    if (std::isdigit(static_cast<unsigned char>(digit)) == 0) return false;
    port = port * 10 + static_cast<unsigned>(digit - '0');
  }
  return port >= 1 && port <= 65535;
}

void read_host(const Json& root, SwarmConfig& config) {
  const std::string allowed = "unix:///PATH or tcp://HOST:PORT";
  config.host = text_at(root, "host", "host", kDefaultHost, allowed);
  const std::string_view host = config.host;
  constexpr std::string_view kUnix = "unix://";
  constexpr std::string_view kTcp = "tcp://";
  if (host.starts_with(kUnix)) {
    config.unix_socket = host.substr(kUnix.size());
    constexpr std::size_t kSocketPathMax = 107;  // sockaddr_un
    if (config.unix_socket.size() < 2 || config.unix_socket[0] != '/' ||
        config.unix_socket.size() > kSocketPathMax) {
      refuse("host", '"' + config.host + '"', allowed);
    }
    config.base_url = "http://docker";
    return;
  }
  const std::string_view address = host.starts_with(kTcp) ? host.substr(kTcp.size()) : "";
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_port(address.substr(colon + 1)) ||
      address.find_first_of("/@?# ") != std::string_view::npos) {
    refuse("host", '"' + config.host + '"', allowed);
  }
  config.base_url = (config.uses_tls() ? "https://" : "http://") + std::string(address);
}

void read_tls(const Json& root, SwarmConfig& config) {
  const auto tls = root.find("tls");
  if (tls == root.end()) return;
  const std::string allowed = "an object of the file names ca, cert and key";
  if (!tls->is_object()) refuse("tls", tls->dump(), allowed);
  refuse_unknown_keys(*tls, "tls.", {"ca", "cert", "key"});
  for (const auto& [key, member] :
       {std::pair{"ca", &TlsFiles::ca}, {"cert", &TlsFiles::cert}, {"key", &TlsFiles::key}}) {
    const std::string path = std::string("tls.") + key;
    if (!tls->contains(key)) refuse(path, "a missing value", "the name of a PEM file");
    config.tls.*member = text_at(*tls, key, path, "", "the name of a PEM file");
  }
}

}  // namespace

SwarmConfig parse_swarm_config(std::string_view json) {
  const Json root = json.empty() ? Json::object() : Json::parse(json, nullptr, false);
  if (!root.is_object()) refuse("config", "this value", "an object");
  refuse_unknown_keys(root, "", {"host", "tls", "push", "control_socket", "events"});

  SwarmConfig config;
  read_tls(root, config);
  read_host(root, config);
  if (config.uses_tls() && !config.unix_socket.empty()) {
    refuse("tls", "TLS on host \"" + config.host + '"', "tls with a tcp:// host only");
  }

  const std::string push = text_at(root, "push", "push", "auto", "auto, off, required");
  if (push == "off") {
    config.push = PushMode::Off;
  } else if (push == "required") {
    config.push = PushMode::Required;
  } else if (push != "auto") {
    refuse("push", '"' + push + '"', "auto, off, required");
  }

  const std::string socket_allowed = "an absolute path of at most 107 bytes";
  config.control_socket =
      text_at(root, "control_socket", "control_socket", kDefaultControlSocket, socket_allowed);
  config.control_socket_given = root.contains("control_socket");
  if (config.control_socket[0] != '/' || config.control_socket.size() > 107) {
    refuse("control_socket", '"' + config.control_socket + '"', socket_allowed);
  }

  const auto events = root.find("events");
  if (events != root.end()) {
    if (!events->is_boolean()) refuse("events", events->dump(), "true, false");
    config.events = events->get<bool>();
  }
  return config;
}

}  // namespace storm::swarm
