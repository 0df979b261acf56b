#include "plugins/executors/swarm/image_name.hpp"

#include <algorithm>

namespace storm::swarm {
namespace {

bool is_image_id(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  constexpr std::size_t kHexDigits = 64;
  if (text.starts_with(kAlgorithm)) text.remove_prefix(kAlgorithm.size());
  return text.size() == kHexDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool names_a_registry(std::string_view component) {
  return component == "localhost" || component.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(component, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

ImageName parse_image_name(std::string_view reference) {
  ImageName out;
  if (reference.empty()) return out;
  if (is_image_id(reference)) {
    out.canonical = reference;
    out.digest = reference.starts_with("sha256:") ? std::string(reference)
                                                  : "sha256:" + std::string(reference);
    return out;
  }
  std::string_view rest = reference;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  std::string_view registry;
  if (const std::size_t slash = rest.find('/');
      slash != std::string_view::npos && names_a_registry(rest.substr(0, slash))) {
    registry = rest.substr(0, slash);
    rest = rest.substr(slash + 1);
  }
  std::string_view tag;
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  if (registry == "docker.io" || registry == "index.docker.io") registry = "";
  if (!registry.empty()) {
    out.canonical.append(registry).append("/");
  } else if (rest.find('/') == std::string_view::npos) {
    out.canonical = "library/";
  }
  out.canonical += rest;
  if (tag.empty() && out.digest.empty()) tag = "latest";
  if (!tag.empty()) out.canonical.append(":").append(tag);
  return out;
}

}  // namespace storm::swarm
