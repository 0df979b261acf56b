// An image reference as the model stores it: "library/postgres:9.6", digest apart. Pure.
#pragma once
#include <string>
#include <string_view>

namespace storm::swarm {

struct ImageName {
  std::string canonical;  // repository and tag; the registry only when it is not Docker Hub
  std::string digest;     // "sha256:..." or empty
};

// Follows Docker's own rules: a first component with a dot, a colon or "localhost" is a registry;
// one-component names of Docker Hub live under "library/"; without tag and digest the tag is
// "latest", with a digest alone there is none. An image id ("sha256:..." or 64 hex digits) is a
// digest and stays as it is.
ImageName parse_image_name(std::string_view reference);

}  // namespace storm::swarm
