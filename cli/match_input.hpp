// Lines of a file or of standard input, in blocks of whole lines. What a pipe has is handed on
// without waiting for more. Used by one thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm::cli {

inline constexpr std::size_t kMatchLineMax = std::size_t{256} << 20;   // bytes of one line
inline constexpr std::size_t kMatchBlockBytes = std::size_t{8} << 20;  // read at once

class MatchInput {
 public:
  // "-" or an empty name: standard input.
  static Result<MatchInput> open(const std::string& file);
  ~MatchInput();
  MatchInput(MatchInput&& other) noexcept;
  MatchInput(const MatchInput&) = delete;
  MatchInput& operator=(const MatchInput&) = delete;
  MatchInput& operator=(MatchInput&&) = delete;

  // The next whole lines, valid until the next call; empty at the end.
  Result<std::string_view> next();
  const std::string& name() const { return name_; }

 private:
  MatchInput(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  Result<std::size_t> read_more();

  int descriptor_;
  std::string name_;
  std::string buffer_;
  std::size_t given_ = 0;  // bytes at the front that were handed out
  bool ended_ = false;
};

// Some parts of a block of about equal size, cut at ends of lines.
std::vector<std::string_view> cut_at_lines(std::string_view block, std::size_t parts);

}  // namespace storm::cli
