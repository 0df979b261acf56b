// What stormctl tells the shell. `stormctl help exit-codes` shows the same list.
#pragma once

namespace storm::cli {

enum class ExitCode : int {
  Ok = 0,
  Failure = 1,
  Usage = 2,
  Unreachable = 3,   // no server there, or no answer in time
  NotFound = 4,      // or ambiguous
  Denied = 5,        // 401, 403
  Conflict = 6,      // 409, 412
  InvalidInput = 7,  // 400, 422
  Partial = 8,       // some of it succeeded
  Interrupted = 130,
};

ExitCode exit_code_of_status(int http_status);

}  // namespace storm::cli
