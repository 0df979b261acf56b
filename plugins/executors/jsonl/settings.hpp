// The plugin's configuration, checked. A value.
#pragma once
#include <string>
#include <string_view>

namespace storm::jsonl {

inline constexpr std::string_view kConfigSchema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {
    "path": {"type": "string", "minLength": 1},
    "follow": {"type": "boolean"}
  }
})";

struct Settings {
  std::string path;
  bool follow = true;  // false: listed once and not looked at again
};

// Throws sdk::Fault, naming the key, when something is wrong.
Settings parse_settings(std::string_view config_json);

}  // namespace storm::jsonl
