// The executor's settings, checked. A value.
#pragma once
#include <string>
#include <string_view>

namespace storm::swarm {

// Whether SwarmKit's Watch stream on the manager's own socket is used.
enum class PushMode {
  Auto,      // when it can be reached
  Off,       // never
  Required,  // the source counts as lost without it
};

struct TlsFiles {
  std::string ca;
  std::string cert;
  std::string key;
};

struct SwarmConfig {
  std::string host;         // as it was given: for messages
  std::string unix_socket;  // a path; empty when the daemon is reached over TCP
  std::string base_url;     // "http://docker" or "https://10.0.0.1:2376"
  TlsFiles tls;             // all empty: no TLS
  PushMode push = PushMode::Auto;
  std::string control_socket;
  bool control_socket_given =
      false;  // named in the configuration, so it is tried for TCP hosts too
  bool events = true;

  bool uses_tls() const { return !tls.ca.empty(); }
};

// Throws Fault(STORM_E_INVALID) that names the key, its value and what is allowed.
SwarmConfig parse_swarm_config(std::string_view json);

inline constexpr std::string_view kDefaultHost = "unix:///var/run/docker.sock";
inline constexpr std::string_view kDefaultControlSocket = "/var/run/docker/swarm/control.sock";

inline constexpr std::string_view kConfigSchema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "host": {"type": "string", "default": "unix:///var/run/docker.sock",
             "pattern": "^(unix:///.+|tcp://[^/]+:[0-9]+)$",
             "description": "Address of a Docker manager: unix:///PATH or tcp://HOST:PORT"},
    "tls": {"type": "object", "additionalProperties": false, "required": ["ca", "cert", "key"],
            "properties": {"ca": {"type": "string"}, "cert": {"type": "string"}, "key": {"type": "string"}},
            "description": "PEM files for a tcp:// host that asks for client certificates"},
    "push": {"enum": ["auto", "off", "required"], "default": "auto",
             "description": "Whether changes are taken from the manager's own socket"},
    "control_socket": {"type": "string", "default": "/var/run/docker/swarm/control.sock",
                       "description": "The manager's own socket: swarm/control.sock in dockerd's exec root"},
    "events": {"type": "boolean", "default": true,
               "description": "Whether /events is followed where push is not to be had"}
  }
})";

}  // namespace storm::swarm
