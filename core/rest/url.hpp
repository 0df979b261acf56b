// The target of a request, taken apart: decoded path segments and query parameters. [any-thread]
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm::rest {

// A query of kQueryTextMax, each of its bytes percent-encoded.
inline constexpr std::size_t kTargetBytesMax = 192 * 1024;
inline constexpr std::size_t kParametersMax = 64;

struct Parameter {
  std::string name;
  std::string value;
};

struct Url {
  std::vector<std::string> path;  // "/v1/groups/web/" is {"v1", "groups", "web"}
  std::vector<Parameter> parameters;

  const std::string* find(std::string_view name) const;  // the first of that name
  // The target again, with that parameter set; an empty value leaves it out.
  std::string with(std::string_view name, std::string_view value) const;
};

// Refuses broken percent-encoding, NUL and invalid UTF-8.
Result<Url> parse_url(std::string_view target);

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);  // all but unreserved characters

}  // namespace storm::rest
