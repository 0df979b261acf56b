// Where standard output goes, and what may be shown there. Found once at the start.
#pragma once
#include <cstddef>

namespace storm::cli {

enum class ColorMode { Auto, Always, Never };

struct Terminal {
  bool is_tty = false;
  bool colors = false;
  bool utf8 = true;        // false: draw with ASCII only
  std::size_t width = 0;   // 0: no limit
  std::size_t height = 0;  // 0: not known
};

Terminal find_terminal(ColorMode mode);

}  // namespace storm::cli
