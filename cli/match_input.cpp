#include "cli/match_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace storm::cli {

Result<MatchInput> MatchInput::open(const std::string& file) {
  if (file.empty() || file == "-") return MatchInput(STDIN_FILENO, "standard input");
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Error{Errc::Io, fmt::format("cannot read {}: {}", file, std::strerror(errno))};
  }
  return MatchInput(descriptor, file);
}

MatchInput::MatchInput(MatchInput&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      buffer_(std::move(other.buffer_)),
      given_(other.given_),
      ended_(other.ended_) {}

MatchInput::~MatchInput() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

Result<std::size_t> MatchInput::read_more() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kMatchBlockBytes);
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, buffer_.data() + before, kMatchBlockBytes);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    return Error{Errc::Io, fmt::format("cannot read {}: {}", name_, std::strerror(errno))};
  }
  return static_cast<std::size_t>(got);
}

Result<std::string_view> MatchInput::next() {
  buffer_.erase(0, given_);
  given_ = 0;
  std::size_t searched = 0;
  while (!ended_) {
    const std::size_t got = STORM_TRY(read_more());
    ended_ = got == 0;
    const std::size_t end = std::string_view(buffer_).substr(searched).rfind('\n');
    if (end != std::string_view::npos) {
      given_ = searched + end + 1;
      return std::string_view(buffer_).substr(0, given_);
    }
    searched = buffer_.size();
    if (searched > kMatchLineMax) {
      return Error{Errc::InvalidArgument,
                   fmt::format("{}: a line is longer than {} MiB", name_, kMatchLineMax >> 20)};
    }
  }
  given_ = buffer_.size();  // the last line may end without a mark
  return std::string_view(buffer_);
}

std::vector<std::string_view> cut_at_lines(std::string_view block, std::size_t parts) {
  std::vector<std::string_view> cut;
  for (; parts > 1 && !block.empty(); --parts) {
    const std::size_t end = block.find('\n', block.size() / parts);
    if (end == std::string_view::npos) break;
    cut.push_back(block.substr(0, end + 1));
    block.remove_prefix(end + 1);
  }
  if (!block.empty()) cut.push_back(block);
  return cut;
}

}  // namespace storm::cli
