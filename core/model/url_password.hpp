// Passwords inside URLs: "scheme://user:password@host", wherever it stands in a text, as often as
// it does. [any-thread]
// People write passwords into URLs without escaping them, so a '/', '?' or '#' does not end one
// where an '@' follows; a port does ("http://host:80/x@y" has no password).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace storm {

// What stands for a password from now on.
using PasswordReplacement = std::function<std::string(std::string_view password)>;

// The text with each password replaced; nothing when it has none.
std::optional<std::string> replace_url_passwords(std::string_view text,
                                                 const PasswordReplacement& replacement);

}  // namespace storm
