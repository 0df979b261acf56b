#include "core/plugin_host/secret_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/plugin_host/abi_text.hpp"

namespace storm {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:/";

Error not_there(std::string_view reference, std::string_view why) {
  return Error{Errc::NotFound, fmt::format("{}: {}", one_line(reference), why)};
}

Result<std::string> read_file(std::string_view reference, const std::filesystem::path& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    return not_there(reference, failed ? failed.message() : "this is no regular file");
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{Errc::Io, fmt::format("{}: it cannot be read", one_line(reference))};
  std::string text(kSecretBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

bool mentions_text(const Value& config, std::string_view reference) {
  if (config.is_string()) return config.as_string() == reference;
  if (config.is_array()) {
    return std::ranges::any_of(config.as_array(),
                               [&](const Value& item) { return mentions_text(item, reference); });
  }
  if (!config.is_object()) return false;
  return std::ranges::any_of(config.as_object(), [&](const auto& member) {
    return mentions_text(member.second, reference);
  });
}

Result<std::string> read_secret(std::string_view reference) {
  std::string secret;
  if (reference.starts_with(kEnvironment)) {
    const std::string name(reference.substr(kEnvironment.size()));
    const char* const value = std::getenv(name.c_str());
    if (!value) return not_there(reference, "stormd has no such variable in its environment");
    secret = value;
  } else if (reference.starts_with(kFile)) {
    secret = STORM_TRY(read_file(reference, std::string(reference.substr(kFile.size() - 1))));
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
  } else {
    return Error{Errc::InvalidArgument,
                 "a reference to a secret has the form env:NAME or file:/absolute/path"};
  }
  if (secret.size() > kSecretBytesMax) {
    return Error{Errc::TooLarge, fmt::format("{}: it has more than {} bytes", one_line(reference),
                                             kSecretBytesMax)};
  }
  return secret;
}

}  // namespace storm
