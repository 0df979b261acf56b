#include "core/config/config_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

namespace storm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstalled = "/etc/perfectstorm/stormd.yaml";
constexpr const char* kBesideProgram = "../etc/perfectstorm/stormd.yaml";

Error cannot_read(const std::string& path, int error) {
  return {error == ENOENT ? Errc::NotFound : Errc::Io,
          fmt::format("cannot read the configuration {}: {}", path,
                      std::generic_category().message(error))};
}

Result<ConfigFile> read(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return cannot_read(path, errno);
  std::string text(kConfigBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return cannot_read(path, errno);
  if (text.size() > kConfigBytesMax) {
    return Error{Errc::TooLarge, fmt::format("the configuration {} is larger than {} bytes", path,
                                             kConfigBytesMax)};
  }
  return ConfigFile{path, std::move(text)};
}

}  // namespace

Result<std::optional<ConfigFile>> find_config_file(const std::optional<std::string>& named,
                                                   const Environment& environment) {
  const auto variable = environment.variable("STORM_CONFIG");
  if (named || variable) return std::optional(STORM_TRY(read(named ? *named : *variable)));

  std::vector<fs::path> places = {kInstalled};
  if (!environment.program_folder.empty()) {
    places.push_back((environment.program_folder / kBesideProgram).lexically_normal());
  }
  for (const fs::path& place : places) {
    std::error_code unreachable;
    if (fs::exists(place, unreachable)) return std::optional(STORM_TRY(read(place.string())));
  }
  return std::optional<ConfigFile>();
}

}  // namespace storm
