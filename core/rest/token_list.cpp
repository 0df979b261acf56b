#include "core/rest/token_list.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace storm::rest {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kSpace = " \t\r";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kSpace));
  text.remove_prefix(word.size());
  return word;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Nothing when it is no Base64.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 2 * kTokenBytesMax) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int written = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  if (written < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(written) - padding);
  return bytes;
}

// The token in the value of an Authorization field.
std::optional<std::string> shown_token(std::string_view authorization) {
  const std::string_view scheme = take_word(authorization);
  const std::string_view credentials = take_word(authorization);
  if (boost::beast::iequals(scheme, "Bearer")) return std::string(credentials);
  if (!boost::beast::iequals(scheme, "Basic")) return std::nullopt;
  std::optional<std::string> pair = from_base64(credentials);
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  std::optional<std::string> token;
  if (colon != std::string::npos) token = pair->substr(colon + 1);
  OPENSSL_cleanse(pair->data(), pair->size());
  return token;
}

Error wrong(std::size_t line, const std::string& what) {
  return Error{Errc::InvalidArgument, fmt::format("line {}: {}", line, what)};
}

}  // namespace

TokenList::Digest TokenList::digest_of(std::string_view token) {
  Digest digest = {};
  unsigned size = 0;
  EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return digest;
}

Result<TokenList> TokenList::parse(std::string_view text) {
  TokenList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    const std::string_view name = take_word(line);
    if (name.empty() || name.starts_with('#')) continue;
    const std::string_view token = take_word(line);
    if (name.size() > kNameBytesMax || !is_printable(name)) {
      return wrong(number, fmt::format("the name of a token has 1 to {} printable ASCII letters",
                                       kNameBytesMax));
    }
    if (token.empty()) return wrong(number, "lacks the token; write NAME TOKEN");
    if (token.size() < kTokenBytesMin || token.size() > kTokenBytesMax || !is_printable(token)) {
      return wrong(number, fmt::format("the token of {} must be {} to {} printable ASCII letters; "
                                       "`openssl rand -hex 32` makes one",
                                       name, kTokenBytesMin, kTokenBytesMax));
    }
    if (!take_word(line).empty()) {
      return wrong(number, "has more than a name and a token");
    }
    const Token made{std::string(name), digest_of(token)};
    for (const Token& other : list.tokens_) {
      if (other.name == made.name) return wrong(number, fmt::format("{} is named twice", name));
    }
    if (list.tokens_.size() == kTokensMax) {
      return wrong(number, fmt::format("there are more than {} tokens", kTokensMax));
    }
    list.tokens_.push_back(made);
  }
  if (list.tokens_.empty()) {
    return Error{Errc::InvalidArgument, "holds no token; write one a line, as NAME TOKEN"};
  }
  return list;
}

std::optional<std::string_view> TokenList::holder_of(std::string_view authorization) const {
  std::optional<std::string> shown = shown_token(authorization);
  if (!shown) return std::nullopt;
  const Digest digest = digest_of(*shown);
  OPENSSL_cleanse(shown->data(), shown->size());
  const Token* holder = nullptr;
  for (const Token& token : tokens_) {
    if (CRYPTO_memcmp(token.digest.data(), digest.data(), digest.size()) == 0) holder = &token;
  }
  if (!holder) return std::nullopt;
  return holder->name;
}

}  // namespace storm::rest
