#include "cli/session.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "core/base/clock.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

constexpr double kTimeoutSecondsMax = 86'400;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> read_token(const std::string& file) {
  std::ifstream in(file);
  std::string token;
  if (!in || !std::getline(in, token)) {
    return Error{Errc::Io, fmt::format("cannot read the token in {}: {}", file,
                                       in.eof() ? "the file is empty" : std::strerror(errno))};
  }
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  return token;
}

}  // namespace

ExitCode Session::fail(const ErrorBlock& block) const {
  const bool json = options.output == OutputFormat::Json || options.output == OutputFormat::Ndjson;
  std::fflush(stdout);
  const std::string text = json ? to_json(to_problem(block)) + "\n" : to_text(block);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return block.exit;
}

void Session::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

Result<Session> make_session(const GlobalOptions& options) {
  std::string where = options.connect;
  if (where.empty()) where = environment("STORMD_HOST");
  if (where.empty()) where = environment("STORM_HOST");
  if (where.empty()) where = "127.0.0.1";
  ClientOptions server;
  server.address = STORM_TRY(parse_address(where));
  if (!(options.timeout_seconds > 0) || options.timeout_seconds > kTimeoutSecondsMax) {
    return Error{
        Errc::InvalidArgument,
        fmt::format("--timeout takes seconds, more than 0 and up to {}", kTimeoutSecondsMax)};
  }
  server.timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_seconds * 1000) + 1);
  server.token = environment("STORM_TOKEN");
  if (!options.token_file.empty()) server.token = STORM_TRY(read_token(options.token_file));
  server.authority = options.authority;
  server.debug = options.debug;
  STORM_TRY(check_token_is_safe(server));
  return Session{options, find_terminal(options.color), Client(std::move(server))};
}

std::string time_now() {
  std::string text = to_rfc3339(SystemClock().wall_now());
  const std::size_t dot = text.find('.');
  return dot == std::string::npos ? text : text.substr(0, dot) + "Z";
}

}  // namespace storm::cli
