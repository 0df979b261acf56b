// What a runner takes from itself before it maps a plugin: privileges, limits, calls of the system
// that no source of resources needs. It cannot take anything back.
#pragma once
#include <cstdint>
#include <string_view>

#include "core/base/result.hpp"

namespace storm::runner {

// Users that belong to nobody else; systemd gives its own services of the kind the same range.
inline constexpr std::uint32_t kPrivateUserMin = 61184;
inline constexpr std::uint32_t kPrivateUserMax = 65519;

struct Sandbox {
  std::uint64_t memory_bytes = 0;  // of what it writes to; 0: as it is
  std::uint32_t tasks = 0;         // 0: as it is; only with a user of its own
  std::uint32_t nofile = 0;        // 0: as it is
  std::uint32_t user = 0;          // 0: as it is; else also the group, and no other ones
};

// The same one for an instance each time.
std::uint32_t private_user_of(std::string_view instance);

// Requires: the process has no other thread.
Result<void> enter_sandbox(const Sandbox& sandbox);

}  // namespace storm::runner
