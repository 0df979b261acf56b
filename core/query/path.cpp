#include "core/query/path.hpp"

#include <algorithm>
#include <charconv>

namespace storm {

std::size_t position_of(std::string_view name) {
  if (name.empty() || (name.front() == '0' && name.size() > 1)) return Path::kNoPosition;
  std::size_t position = 0;
  const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), position);
  const bool whole = problem == std::errc() && stop == name.data() + name.size();
  return whole ? position : Path::kNoPosition;
}

Path::Path(std::string_view text) : text_(text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    steps_.push_back({std::string(name), position_of(name)});
    begin = end + 1;
  }
}

std::size_t Path::positions() const {
  const auto count = std::count_if(steps_.begin(), steps_.end(),
                                   [](const Step& step) { return step.position != kNoPosition; });
  return static_cast<std::size_t>(count);
}

}  // namespace storm
