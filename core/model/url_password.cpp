#include "core/model/url_password.hpp"

#include <algorithm>

namespace storm {
namespace {

constexpr std::string_view kSlashes = "://";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kQuotes = "\"'`";
constexpr std::string_view kBetweenUrls = ",;|";

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool in_scheme(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

// What stands behind the "://" at `slashes` and belongs to the same URL: up to a blank, to the
// quote that the URL was opened with, or, in a list of URLs, to the comma before the next.
std::string_view rest_of_url(std::string_view text, std::size_t slashes) {
  std::size_t begin = slashes;
  while (begin > 0 && in_scheme(text[begin - 1])) --begin;
  std::string_view rest = text.substr(slashes + kSlashes.size());
  rest = rest.substr(0, rest.find_first_of(kBlanks));
  if (begin > 0 && kQuotes.find(text[begin - 1]) != std::string_view::npos) {
    rest = rest.substr(0, rest.find(text[begin - 1]));
  }
  const std::size_t next = rest.find(kSlashes);
  if (next == std::string_view::npos) return rest;
  return rest.substr(0, rest.substr(0, next).find_last_of(kBetweenUrls));
}

// The password in what stands behind a "://"; empty when there is none.
std::string_view password_in(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.substr(0, at).find(':');
  if (colon == std::string_view::npos) return {};
  if (at == std::string_view::npos) {
    if (authority.starts_with('[') || all_digits(authority.substr(colon + 1))) return {};
    at = rest.rfind('@');
    if (at == std::string_view::npos) return {};
  }
  return rest.substr(colon + 1, at - colon - 1);
}

}  // namespace

std::optional<std::string> replace_url_passwords(std::string_view text,
                                                 const PasswordReplacement& replacement) {
  std::optional<std::string> replaced;
  std::size_t copied = 0;
  std::size_t slashes = text.find(kSlashes);
  while (slashes != std::string_view::npos) {
    std::size_t next = slashes + kSlashes.size();
    const std::string_view password = password_in(rest_of_url(text, slashes));
    if (!password.empty()) {
      const auto begin = static_cast<std::size_t>(password.data() - text.data());
      if (!replaced) replaced.emplace();
      replaced->append(text.substr(copied, begin - copied));
      replaced->append(replacement(password));
      copied = next = begin + password.size();
    }
    slashes = text.find(kSlashes, next);
  }
  if (replaced) replaced->append(text.substr(copied));
  return replaced;
}

}  // namespace storm
