// Reads one line: a resource, or a change of one. The snapshot keeps its very bytes. Reused from
// line to line for its buffers; one thread at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "storm/cpp/batch.hpp"

namespace storm::jsonl {

inline constexpr std::size_t kTextBytesMax = 512;  // of an id, type, name, image or reference
inline constexpr std::size_t kNamesMax = 64;
inline constexpr std::size_t kSnapshotBytesMax = 16UL * 1024 * 1024;
inline constexpr std::size_t kLinePadding = 64;  // readable bytes that must follow a line

struct Removal {
  std::string uid;
};
struct BadLine {
  std::string reason;  // never the line's own content
};
using Change = std::variant<sdk::Resource, Removal, BadLine>;

class LineParser {
 public:
  LineParser();
  ~LineParser();
  LineParser(const LineParser&) = delete;
  LineParser& operator=(const LineParser&) = delete;

  // Requires: kLinePadding bytes after the line are readable, whatever they are.
  Change parse(std::string_view line);

 private:
  struct Parsers;
  const std::unique_ptr<Parsers> parsers_;
};

}  // namespace storm::jsonl
