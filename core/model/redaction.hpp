// Redaction: secrets in a cloud's snapshots are replaced on the way in by a keyed fingerprint, so
// that equality and grouping still work and nothing of the secret is kept. [any-thread when const]
// Looked at: "NAME=value" and "--name value" items of lists, pairs of a name and a value, members
// of maps whose names people choose (labels, environments, options, ...), wherever the name looks
// like a secret's (password, token, private key, DB_PASS, ...); passwords inside URLs; join tokens.
#pragma once
#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storm {

class Redactor {
 public:
  struct Options {
    bool enabled = true;
    std::vector<std::string>
        extra_words;  // further parts of names that mark a secret, without regard to case
  };
  // `key` makes fingerprints comparable within one installation only.
  Redactor(std::string key, Options options);

  bool is_secret_name(std::string_view name) const;
  std::string fingerprint(
      std::string_view secret) const;  // "redacted:hmac-" and 32 hexadecimal digits

  // The text without its secrets; nothing when it has none. Text that cannot be read becomes {}.
  std::optional<std::string> redact(std::string_view snapshot) const;

 private:
  class Walk;
  // Two characters as a place in starts_, without regard to case; others may share it.
  static std::size_t start_of(char first, char second);
  void add_word(std::string word);

  const std::string key_;
  const bool enabled_;
  std::vector<std::string> words_;
  std::bitset<1024> starts_;  // the first two characters of every word, whole words too
};

}  // namespace storm
