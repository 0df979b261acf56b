#include "core/model/redaction.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"
#include "core/model/url_password.hpp"

namespace storm {
namespace {

constexpr std::array<std::string_view, 16> kSecretWords = {
    "passw",      "secret",     "token",      "apikey",        "api_key",     "api-key",
    "accesskey",  "access_key", "access-key", "privatekey",    "private_key", "private-key",
    "credential", "passphrase", "auth_key",   "encryption_key"};

// Secret only as whole words of a name: DB_PASS, smtp.pwd, dbKey, but neither compass nor monkey.
struct WholeWord {
  std::string_view word;
  bool alone;  // also as the first word of a name; PWD is where a shell is, "key" one of a pair
};
constexpr std::array<WholeWord, 5> kWholeWords = {
    {{"pass", true}, {"auth", true}, {"pin", true}, {"pwd", false}, {"key", false}}};

// What follows such a word where the name tells something about the secret, and not the secret.
constexpr std::array<std::string_view, 32> kAboutSecret = {
    "id",     "ids",    "name",     "user",    "username", "type",      "kind",   "file",
    "path",   "dir",    "url",      "uri",     "host",     "port",      "server", "endpoint",
    "domain", "realm",  "provider", "method",  "mode",     "enabled",   "enable", "disabled",
    "size",   "length", "alg",      "through", "space",    "algorithm", "prefix", "policy"};
constexpr std::string_view kSeparators = "_-./";

// Maps whose members people choose the names of; elsewhere a name such as "SecretName" belongs to
// the cloud's own schema.
constexpr std::array<std::string_view, 10> kOpenMaps = {
    "labels",     "env",      "environment", "options",    "driveropts",
    "parameters", "metadata", "tags",        "jointokens", "annotations"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c); }

char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                  [](char a, char b) { return a == lower(b); });
}

bool equal_words(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == y; });
}

// Whether a word begins at `at`: camelCase and ACRONYMCase begin words too. A letter behind a
// backslash is an escape of JSON, because whole snapshots are looked through.
bool begins_word(std::string_view text, std::size_t at) {
  if (at == 0 || !is_letter(text[at - 1])) return true;
  if (at > 1 && text[at - 2] == '\\') return true;
  if (!is_upper(text[at])) return false;
  return is_lower(text[at - 1]) || (at + 1 < text.size() && is_lower(text[at + 1]));
}

bool ends_word(std::string_view text, std::size_t end) {
  return end >= text.size() || !is_letter(text[end]) || begins_word(text, end);
}

bool has_word_before(std::string_view text, std::size_t at) {
  const std::size_t last = text.substr(0, at).find_last_not_of(kSeparators);
  return last != std::string_view::npos &&
         (is_letter(text[last]) || (text[last] >= '0' && text[last] <= '9'));
}

std::string_view word_after(std::string_view text, std::size_t end) {
  const std::size_t begin = text.find_first_not_of(kSeparators, end);
  if (begin == std::string_view::npos) return {};
  end = begin;
  while (end < text.size() && is_letter(text[end]) && (end == begin || !begins_word(text, end))) {
    ++end;
  }
  return text.substr(begin, end - begin);
}

bool is_secret_word(std::string_view text, std::size_t at) {
  for (const auto& [word, alone] : kWholeWords) {
    if (!starts_with_word(text.substr(at), word)) continue;
    const std::size_t end = at + word.size();
    if (!begins_word(text, at) || !ends_word(text, end)) return false;
    if (!alone && !has_word_before(text, at)) return false;
    const std::string_view next = word_after(text, end);
    return std::none_of(kAboutSecret.begin(), kAboutSecret.end(),
                        [&](std::string_view about) { return equal_words(next, about); });
  }
  return false;
}

// Whether a string of this JSON text goes on with an '@' after a "://", its slashes escaped or not.
bool may_hold_url_password(std::string_view json) {
  for (const std::string_view slashes : {R"(://)", R"(:\/\/)"}) {
    for (std::size_t at = json.find(slashes); at != std::string_view::npos;
         at = json.find(slashes, at)) {
      for (at += slashes.size(); at < json.size() && json[at] != '"'; ++at) {
        if (json[at] == '@') return true;
        if (json[at] == '\\') ++at;
      }
    }
  }
  return false;
}

}  // namespace

Redactor::Redactor(std::string key, Options options)
    : key_(std::move(key)), enabled_(options.enabled) {
  for (const std::string_view word : kSecretWords) add_word(std::string(word));
  for (const WholeWord& whole : kWholeWords) starts_.set(start_of(whole.word[0], whole.word[1]));
  for (std::string& word : options.extra_words) {
    std::transform(word.begin(), word.end(), word.begin(), lower);
    if (!word.empty()) add_word(std::move(word));
  }
}

std::size_t Redactor::start_of(char first, char second) {
  const auto bits = [](char c) { return static_cast<unsigned char>(c) & 31U; };
  return bits(first) * 32 + bits(second);
}

void Redactor::add_word(std::string word) {
  if (word.size() > 1) {
    starts_.set(start_of(word[0], word[1]));
  } else {
    for (std::size_t second = 0; second < 32; ++second) {
      starts_.set(start_of(word[0], static_cast<char>(second)));
    }
  }
  words_.push_back(std::move(word));
}

// Whole snapshots are looked through, so the text is walked once, whatever the number of words.
bool Redactor::is_secret_name(std::string_view name) const {
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (!starts_[start_of(name[at], at + 1 < name.size() ? name[at + 1] : '\0')]) continue;
    const auto starts_here = [&](const std::string& word) {
      return starts_with_word(name.substr(at), word);
    };
    if (std::any_of(words_.begin(), words_.end(), starts_here) || is_secret_word(name, at)) {
      return true;
    }
  }
  return false;
}

std::string Redactor::fingerprint(std::string_view secret) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  STORM_ASSERT(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                    reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest,
                    &length));
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "redacted:hmac-";
  for (std::size_t i = 0; i < 16; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

class Redactor::Walk {
 public:
  explicit Walk(const Redactor& redactor) : redactor_(redactor) {}

  // Requires: a depth that the JSON reader has limited.
  void visit(Value& value, bool open_map) {
    if (value.is_array()) {
      bool secret_follows = false;
      for (Value& item : value.as_array()) {
        if (!item.is_string()) {
          visit(item, false);
          continue;
        }
        if (secret_follows) replace(item);
        secret_follows = visit_item(item);
      }
    } else if (value.is_object()) {
      redact_pair(value);
      for (auto& [name, member] : value.as_object()) {
        const bool secret = open_map && redactor_.is_secret_name(name);
        if (member.is_string()) {
          if (secret || (open_map && is_join_token(member.as_string()))) {
            replace(member);
          } else {
            hide_url_password(member);
          }
          continue;
        }
        const bool opens =
            std::any_of(kOpenMaps.begin(), kOpenMaps.end(),
                        [&, &key = name](std::string_view word) { return equal_words(key, word); });
        if (secret && !member.is_null()) {
          member = Value(redactor_.fingerprint(to_json(member)));
          changed = true;
        } else {
          visit(member, opens);
        }
      }
    }
  }

  bool changed = false;

 private:
  // {"name": "DB_PASSWORD", "value": "..."}, as some clouds write an environment.
  void redact_pair(Value& value) {
    const Value* name = value.find("name");
    if (!name) name = value.find("Name");
    Value* secret = value.find("value");
    if (!secret) secret = value.find("Value");
    if (!name || !secret || !name->is_string() || !secret->is_string()) return;
    if (redactor_.is_secret_name(name->as_string())) replace(*secret);
  }

  static bool is_join_token(std::string_view text) { return text.starts_with("SWMTKN-"); }

  void replace(Value& value) {
    if (value.as_string().empty() || value.as_string().starts_with("redacted:hmac-")) return;
    value = Value(redactor_.fingerprint(value.as_string()));
    changed = true;
  }

  // An item of an environment or a command line: "NAME=value", or "--name" with its value behind
  // it.
  bool visit_item(Value& item) {
    const std::string& text = item.as_string();
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      hide_url_password(item);
      return item.as_string().starts_with("--") && redactor_.is_secret_name(item.as_string());
    }
    if (equals + 1 < text.size() &&
        redactor_.is_secret_name(std::string_view(text).substr(0, equals)) &&
        !std::string_view(text).substr(equals + 1).starts_with("redacted:hmac-")) {
      item = Value(text.substr(0, equals + 1) +
                   redactor_.fingerprint(std::string_view(text).substr(equals + 1)));
      changed = true;
    } else {
      hide_url_password(item);
    }
    return false;
  }

  void hide_url_password(Value& value) {
    auto hidden = replace_url_passwords(value.as_string(), [&](std::string_view password) {
      return password.starts_with("redacted:hmac-") ? std::string(password)
                                                    : redactor_.fingerprint(password);
    });
    if (!hidden || *hidden == value.as_string()) return;
    value = Value(std::move(*hidden));
    changed = true;
  }

  const Redactor& redactor_;
};

std::optional<std::string> Redactor::redact(std::string_view snapshot) const {
  if (!enabled_) return std::nullopt;
  // Most snapshots have nothing that could be a secret: they are not even parsed.
  const auto has = [&](std::string_view text) {
    return snapshot.find(text) != std::string_view::npos;
  };
  if (!is_secret_name(snapshot) && !may_hold_url_password(snapshot) && !has("SWMTKN-") &&
      !has("\\u")) {
    return std::nullopt;
  }
  auto value = parse_json(snapshot);
  // What cannot be read cannot be cleaned, so it is not kept.
  if (!value) return "{}";
  Walk walk(*this);
  walk.visit(*value, false);
  if (!walk.changed) return std::nullopt;
  return to_json(*value);
}

}  // namespace storm
