// HeadPrinter: prints the status line and the header fields of answers. What all of them share is
// printed once a second. One thread at a time.
#pragma once
#include <string>

#include "core/base/clock.hpp"
#include "core/rest/answer.hpp"

namespace storm::rest {

class HeadPrinter {
 public:
  explicit HeadPrinter(const std::string& version);

  // Appends all but the fields that tell how long the body is, and the empty line at the end.
  void append(std::string& out, const Answer& answer, bool keep_alive, WallTime now);

 private:
  const std::string server_;
  std::string shared_;  // "Server: ...", "Date: ..."
  WallTime second_ = -1;
};

}  // namespace storm::rest
