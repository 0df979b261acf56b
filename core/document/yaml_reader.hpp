// YAML text -> Value, keeping where each value stood, so that later errors can name line and
// column. [any-thread] Plain scalars are typed by the YAML 1.2 core schema; quoted ones are
// strings. Anchors are resolved within limits.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm {

inline constexpr std::size_t kYamlDepthMax = 100;
inline constexpr std::size_t kYamlNodesMax = 1'000'000;  // after anchors are expanded

// Counted from 1.
struct Position {
  int line = 0;
  int column = 0;
};

struct YamlDocument {
  Value root;
  std::string origin;                                       // file name, for messages
  std::unordered_map<std::string, Position> positions;      // by JSON pointer of the value
  std::unordered_map<std::string, Position> key_positions;  // by JSON pointer: where its key stands

  // "FILE:LINE:COLUMN" of a value, or of its nearest parent with a known place.
  std::string place(std::string_view pointer) const;
  // The same for the key of a member.
  std::string key_place(std::string_view pointer) const;
};

// All documents of a stream ("---" between them). The error begins with "FILE:LINE:COLUMN: ".
Result<std::vector<YamlDocument>> parse_yaml_stream(std::string_view text, std::string origin);
// Exactly one document; an empty text is null.
Result<YamlDocument> parse_yaml(std::string_view text, std::string origin);

}  // namespace storm
