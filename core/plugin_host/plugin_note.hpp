// The text of a plugin's ELF note (storm/note.h), and whether it says what the manifest says.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/manifest.hpp"

namespace storm {

struct PluginNote {
  std::string abi;  // "1.0", what it was built with
  std::string min;  // "1.0", the lowest of a host that it works with
  std::string id;
  std::string version;
  std::string runtime;
  std::vector<std::string> provides;  // sorted
  std::vector<std::string> needs;     // sorted
};

// InvalidArgument says what of the text is wrong.
Result<PluginNote> parse_note(std::string_view text);

// The error is a Refusal that names both sayings.
Result<void> check_note(const Manifest& manifest, const PluginNote& note);

}  // namespace storm
