// References to secrets in an instance's configuration: "env:NAME" is a variable of our
// environment, "file:/absolute/path" a file. What they stand for is read anew each time, handed on
// and kept nowhere; no error has anything of it.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm {

inline constexpr std::size_t kSecretBytesMax = std::size_t{64} * 1024;

// Is the reference one of the texts of that configuration?
bool mentions_text(const Value& config, std::string_view reference);

// InvalidArgument, NotFound, TooLarge, or Io with the system's words.
Result<std::string> read_secret(std::string_view reference);

}  // namespace storm
