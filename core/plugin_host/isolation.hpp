// Where the code of a plugin runs: mapped into stormd, or in a process of its own. The manifest
// says what the plugin can do and what its process may use, the configuration chooses. Values.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm {

struct Manifest;

enum class Isolation { InProcess, Process };
// "in-process", "process".
std::string_view name_of(Isolation isolation);

// What a manifest says under `isolation`, `limits` and `sandbox`.
struct IsolationRules {
  Isolation otherwise = Isolation::InProcess;  // when the configuration says nothing
  std::vector<Isolation> allowed;              // never empty
};

// Of a plugin's process; 0: as the system has it.
struct ProcessLimits {
  std::uint64_t memory_bytes = 0;  // of what it writes to: heap, stacks, private mappings
  std::uint32_t tasks = 0;         // processes and threads; needs a user of its own
  std::uint32_t nofile = 0;        // descriptors
};

struct SandboxRules {
  bool private_user = false;  // runs as a user of its own, when stormd runs as root
};

// By a plugin's name or id: "in-process" or "process", as the configuration says it.
using IsolationChoices = std::map<std::string, std::string>;

// The error names what was chosen, what is allowed, and both files' words.
Result<Isolation> choose_isolation(const Manifest& manifest, const IsolationChoices& choices);

}  // namespace storm
