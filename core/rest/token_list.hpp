// TokenList: the tokens that clients from elsewhere show, each with the name of who holds it. Kept
// as digests; of the tokens themselves only what requests under way show is in memory. A value.
// [any-thread]
//
//   # one a line; what begins with # is not read
//   ops  3f9c...    NAME, spaces, TOKEN
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm::rest {

inline constexpr std::size_t kTokensMax = 1'000;
inline constexpr std::size_t kTokenBytesMin = 16;  // a shorter one can be guessed
inline constexpr std::size_t kTokenBytesMax = 1'024;
inline constexpr std::size_t kTokenFileBytesMax = std::size_t{1} << 20;

class TokenList {
 public:
  // The error names the line and never shows a token. A list without a token is an error.
  static Result<TokenList> parse(std::string_view text);

  // Who shows this value of an Authorization field, which is `Bearer TOKEN`, or `Basic` with the
  // token as password, as browsers send it. Takes the same time for every wrong token.
  std::optional<std::string_view> holder_of(std::string_view authorization) const;
  std::size_t size() const { return tokens_.size(); }

 private:
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256
  struct Token {
    std::string name;
    Digest digest;
  };
  static Digest digest_of(std::string_view token);

  std::vector<Token> tokens_;
};

}  // namespace storm::rest
