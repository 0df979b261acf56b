#include "core/model/redaction.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <forward_list>
#include <string>
#include <utility>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"
#include "core/document/json_scan.hpp"
#include "core/document/json_walk.hpp"
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
constexpr std::string_view kRedacted = "redacted:hmac-";

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
// backslash may be an escape.
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

// The text is walked once, whatever the number of words.
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
  std::string text(kRedacted);
  for (std::size_t i = 0; i < 16; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

// Sees a snapshot pass and notes what of its text is to be replaced by what.
class Redactor::Walk : public JsonVisitor {
 public:
  Walk(const Redactor& redactor, std::string_view text) : redactor_(redactor), text_(text) {
    frames_.reserve(kUsualDepth);
  }

  void open(const char* at, bool array) {
    Frame inner;
    inner.array = array;
    inner.edits_before = edits_.size();
    if (!frames_.empty() && !frames_.back().array) {
      Frame& outer = frames_.back();
      note_member(outer, nullptr);
      inner.open_map = !array && is_open_map(outer.key);
      if (outer.secret) inner.cut_from = at;
    }
    frames_.push_back(inner);
  }

  void close(const char* end) {
    const Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.cut_from) {
      edits_.resize(frame.edits_before);
      const std::string_view raw = slice(frame.cut_from, end);
      replace(raw, redactor_.fingerprint(canonical(raw)));
    } else if (frame.pair.value) {
      settle_pair(frame);
    }
  }

  void key(const JsonString& name) {
    Frame& frame = frames_.back();
    frame.key = plain(name);
    frame.secret = frame.open_map && redactor_.is_secret_name(frame.key);
  }

  void string(const JsonString& value) {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    if (frame.array) {
      item(frame, value);
    } else if (!note_member(frame, &value)) {
      member(frame, value, frame.secret);
    }
  }

  void scalar(std::string_view raw) {
    if (frames_.empty() || frames_.back().array) return;
    Frame& frame = frames_.back();
    note_member(frame, nullptr);
    if (frame.secret && raw != "null") replace(raw, redactor_.fingerprint(canonical(raw)));
  }

  bool changed() const { return !edits_.empty(); }

  std::string result() {
    // The value of a pair is known to be a secret only after what comes behind it.
    std::sort(edits_.begin(), edits_.end(),
              [](const Edit& a, const Edit& b) { return a.raw.data() < b.raw.data(); });
    std::string out;
    out.reserve(text_.size() + edits_.size() * kEditBytes);
    const char* at = text_.data();
    for (const Edit& edit : edits_) {
      out += slice(at, edit.raw.data());
      append_json_string(out, edit.text);
      at = edit.raw.data() + edit.raw.size();
    }
    out += slice(at, text_.data() + text_.size());
    return out;
  }

 private:
  static constexpr std::size_t kUsualDepth = 16;
  static constexpr std::size_t kEditBytes = 64;

  struct Edit {
    std::string_view raw;  // a whole value of the text
    std::string text;      // of the string that takes its place
  };
  // {"name": "DB_PASSWORD", "value": "..."}, as some clouds write an environment. "Name" and
  // "Value" do as well, unless there is the lower one.
  struct Pair {
    enum Rank : char { None, Upper, Lower };
    Rank name_rank = None, value_rank = None;
    bool doubtful = false;  // something came twice
    bool value_is_secret = false;
    std::optional<std::string_view> name;  // when it is a text
    std::optional<JsonString> value;
  };
  // An object or an array that is open.
  struct Frame {
    bool array = false;
    bool open_map = false;
    bool secret = false;             // the member that follows, by its name
    bool secret_follows = false;     // in an array, behind "--name"
    std::string_view key;            // of the member that follows
    const char* cut_from = nullptr;  // where it begins, when all of it is a secret
    std::size_t edits_before = 0;
    Pair pair;
  };

  static bool is_open_map(std::string_view key) {
    return std::any_of(kOpenMaps.begin(), kOpenMaps.end(),
                       [&](std::string_view word) { return equal_words(key, word); });
  }
  static std::string_view slice(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
  }
  // However it is spaced, and its numbers and texts written.
  static std::string canonical(std::string_view raw) {
    const auto value = parse_json(raw);
    return value ? to_json(*value) : std::string(raw);
  }

  std::string_view plain(const JsonString& text) {
    if (!text.escaped) return text.raw;
    append_unescaped(unescaped_.emplace_front(), text.raw);
    return unescaped_.front();
  }
  // Not escaped in a way that could hide a character that is looked for.
  static bool is_literal(const JsonString& text) {
    return !text.escaped || (text.raw.find("\\u") == std::string_view::npos &&
                             text.raw.find("\\/") == std::string_view::npos);
  }

  // True when the value of a pair is set aside until the object ends. `text` null: something else
  // than a text.
  bool note_member(Frame& frame, const JsonString* text) {
    const std::string_view key = frame.key;
    if (key.size() != 4 && key.size() != 5) return false;
    Pair& pair = frame.pair;
    if (key == "name" || key == "Name") {
      if (!takes(pair, pair.name_rank, key[0] == 'n')) return false;
      pair.name = text ? std::optional(plain(*text)) : std::nullopt;
      return false;
    }
    if (key != "value" && key != "Value") return false;
    const bool known = pair.value_rank != Pair::None;
    if (!takes(pair, pair.value_rank, key[0] == 'v')) return false;
    if (known && pair.value) member(frame, *pair.value, pair.value_is_secret || pair.doubtful);
    pair.value = text ? std::optional(*text) : std::nullopt;
    pair.value_is_secret = frame.secret;
    return text != nullptr;
  }
  static bool takes(Pair& pair, Pair::Rank& rank, bool is_lower) {
    const Pair::Rank offered = is_lower ? Pair::Lower : Pair::Upper;
    pair.doubtful = pair.doubtful || offered == rank;
    if (offered < rank) return false;
    rank = offered;
    return true;
  }
  void settle_pair(const Frame& frame) {
    const Pair& pair = frame.pair;
    const bool paired = pair.doubtful || (pair.name && redactor_.is_secret_name(*pair.name));
    if (paired && hide(*pair.value)) return;
    member(frame, *pair.value, pair.value_is_secret);
  }

  void member(const Frame& frame, const JsonString& value, bool secret) {
    if (secret || (frame.open_map && plain_start(value).starts_with("SWMTKN-"))) {
      hide(value);
    } else {
      hide_url_password(value);
    }
  }
  // What it begins with, as far as is literal.
  std::string_view plain_start(const JsonString& text) {
    return is_literal(text) ? text.raw : plain(text);
  }

  // An item of an environment or a command line: "NAME=value", or "--name" with its value behind
  // it.
  void item(Frame& frame, const JsonString& value) {
    const bool secret = std::exchange(frame.secret_follows, false);
    if (secret && hide(value)) return;
    const std::size_t equals = is_literal(value) ? value.raw.find('=') : plain(value).find('=');
    if (equals == std::string_view::npos) {
      const std::optional<std::string> hidden = hide_url_password(value);
      if (!plain_start(value).starts_with("--")) return;
      frame.secret_follows = redactor_.is_secret_name(hidden ? *hidden : plain(value));
      return;
    }
    const std::string_view text = plain(value);
    const std::size_t at = text.find('=');
    const std::string_view name = text.substr(0, at), rest = text.substr(at + 1);
    if (!rest.empty() && !rest.starts_with(kRedacted) && redactor_.is_secret_name(name)) {
      replace(quoted(value), std::string(text.substr(0, at + 1)) + redactor_.fingerprint(rest));
    } else {
      hide_url_password(value);
    }
  }

  // False when there is nothing to hide, or that was done before.
  bool hide(const JsonString& value) {
    const std::string_view text = plain(value);
    if (text.empty() || text.starts_with(kRedacted)) return false;
    replace(quoted(value), redactor_.fingerprint(text));
    return true;
  }
  // The text as it is afterwards, when it had one.
  std::optional<std::string> hide_url_password(const JsonString& value) {
    if (is_literal(value) && value.raw.find("://") == std::string_view::npos) return std::nullopt;
    const std::string_view text = plain(value);
    auto hidden = replace_url_passwords(text, [&](std::string_view password) {
      return password.starts_with(kRedacted) ? std::string(password)
                                             : redactor_.fingerprint(password);
    });
    if (!hidden || *hidden == text) return std::nullopt;
    replace(quoted(value), *hidden);
    return hidden;
  }

  static std::string_view quoted(const JsonString& text) {
    return {text.raw.data() - 1, text.raw.size() + 2};
  }
  void replace(std::string_view raw, std::string text) { edits_.push_back({raw, std::move(text)}); }

  const Redactor& redactor_;
  const std::string_view text_;
  std::vector<Frame> frames_;
  std::vector<Edit> edits_;
  std::forward_list<std::string> unescaped_;  // what plain() gives views of
};

std::optional<std::string> Redactor::redact(std::string_view snapshot) const {
  if (!enabled_) return std::nullopt;
  Walk walk(*this, snapshot);
  const JsonVerdict verdict = JsonWalk(snapshot, kJsonDepthMax, walk).run();
  // What cannot be read cannot be cleaned, so it is not kept.
  if (verdict == JsonVerdict::No || (verdict == JsonVerdict::Unsure && !check_json(snapshot))) {
    return "{}";
  }
  if (!walk.changed()) return std::nullopt;
  return walk.result();
}

}  // namespace storm
