// What a plugin says about itself in KIND-NAME.yaml, read before any of its code is mapped. A
// value.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/isolation.hpp"

namespace storm {

inline constexpr std::uintmax_t kManifestBytesMax = 64 * 1024;
// What a manifest may ask for its process.
inline constexpr std::uint64_t kMemoryLimitMin = 64ULL << 20U;
inline constexpr std::uint64_t kMemoryLimitMax = 1ULL << 50U;
inline constexpr std::uint32_t kTasksLimitMin = 8;
inline constexpr std::uint32_t kTasksLimitMax = 1U << 22U;
inline constexpr std::uint32_t kNofileLimitMin = 64;
inline constexpr std::uint32_t kNofileLimitMax = 1U << 20U;

struct Manifest {
  std::filesystem::path file;  // of the manifest; absolute
  std::string id;              // "executor.swarm"
  std::string kind;            // "executor"
  std::string name;            // "swarm"
  std::string version;
  std::string summary;
  std::uint16_t abi_major = 0;
  std::uint16_t abi_built = 0;    // minor of the headers it was built with
  std::uint16_t abi_min = 0;      // lowest minor of a host it works with
  std::filesystem::path library;  // absolute
  std::string entry;              // the exported symbol
  std::string runtime;            // "native" or "go"
  std::vector<std::string> provides;
  std::vector<std::string> needs;
  IsolationRules isolation{Isolation::InProcess, {Isolation::InProcess}};
  ProcessLimits limits;
  SandboxRules sandbox;
};

// `file` names the manifest in errors and is what `library` is relative to. Unknown keys are
// allowed: a newer plugin may say more.
Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file);
Result<Manifest> read_manifest(const std::filesystem::path& file);

}  // namespace storm
