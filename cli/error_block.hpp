// One failure as people see it: a line with what went wrong, then lines that help, the last one
// being the remedy. A value; printing goes to standard error.
#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"
#include "core/document/value.hpp"

namespace storm::cli {

struct ErrorBlock {
  ExitCode exit = ExitCode::Failure;
  std::string message;
  int status = 0;                         // the server's; 0 when it was not asked
  std::string code = {};                  // "not-found"; may be empty
  std::vector<std::string> details = {};  // printed below the message, two spaces in
  Value problem = {};                     // the server's own account of it, or null
};

// The block as text. `(404 not-found)` stands in a column of its own behind the message.
std::string to_text(const ErrorBlock& block);
// The same as an RFC 9457 object, for programs.
Value to_problem(const ErrorBlock& block);

// Reads the server's answer, be it application/problem+json or a map from field to messages.
ErrorBlock error_of_answer(int status, const Value& body);

}  // namespace storm::cli
