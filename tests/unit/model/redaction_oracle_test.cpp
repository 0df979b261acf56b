// Redaction passes over the text once. The oracle here reads the whole text first and then walks
// over the values, which is slow and easy to see through; both must cut the same.
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/model/redaction.hpp"
#include "core/model/url_password.hpp"

namespace storm {
namespace {

constexpr std::string_view kRedacted = "redacted:hmac-";
constexpr std::array<std::string_view, 10> kOpenMaps = {
    "labels",     "env",      "environment", "options",    "driveropts",
    "parameters", "metadata", "tags",        "jointokens", "annotations"};

class Oracle {
 public:
  explicit Oracle(const Redactor& redactor) : redactor_(redactor) {}

  // Nothing when it is no JSON.
  std::optional<std::string> redact(std::string_view text) const {
    auto value = parse_json(text);
    if (!value) return std::nullopt;
    visit(*value, false);
    return to_json(*value);
  }

 private:
  void visit(Value& value, bool open_map) const {
    if (value.is_array()) visit_items(value);
    if (value.is_object()) visit_members(value, open_map);
  }

  void visit_items(Value& list) const {
    bool secret_follows = false;
    for (Value& item : list.as_array()) {
      if (!item.is_string()) {
        visit(item, false);
        continue;
      }
      if (secret_follows) hide(item);
      secret_follows = visit_item(item);
    }
  }

  bool visit_item(Value& item) const {
    const std::string text = item.as_string();
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      hide_password(item);
      return item.as_string().starts_with("--") && redactor_.is_secret_name(item.as_string());
    }
    const std::string name = text.substr(0, equals), rest = text.substr(equals + 1);
    if (rest.empty() || rest.starts_with(kRedacted) || !redactor_.is_secret_name(name)) {
      hide_password(item);
    } else {
      item = Value(name + "=" + redactor_.fingerprint(rest));
    }
    return false;
  }

  void visit_members(Value& object, bool open_map) const {
    const Value* name = object.find("name") ? object.find("name") : object.find("Name");
    Value* paired = object.find("value") ? object.find("value") : object.find("Value");
    if (name && paired && name->is_string() && paired->is_string() &&
        redactor_.is_secret_name(name->as_string())) {
      hide(*paired);
    }
    for (auto& [key, member] : object.as_object()) {
      const bool secret = open_map && redactor_.is_secret_name(key);
      if (member.is_string()) {
        if (secret || (open_map && member.as_string().starts_with("SWMTKN-"))) {
          hide(member);
        } else {
          hide_password(member);
        }
      } else if (secret && !member.is_null()) {
        member = Value(redactor_.fingerprint(to_json(member)));
      } else {
        visit(member, is_open(key));
      }
    }
  }

  static bool is_open(std::string key) {
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return std::find(kOpenMaps.begin(), kOpenMaps.end(), key) != kOpenMaps.end();
  }

  void hide(Value& text) const {
    if (text.as_string().empty() || text.as_string().starts_with(kRedacted)) return;
    text = Value(redactor_.fingerprint(text.as_string()));
  }

  void hide_password(Value& value) const {
    const auto hidden = replace_url_passwords(value.as_string(), [&](std::string_view password) {
      return password.starts_with(kRedacted) ? std::string(password)
                                             : redactor_.fingerprint(password);
    });
    if (hidden) value = Value(*hidden);
  }

  const Redactor& redactor_;
};

// Writes random JSON in which much looks like a secret, spaced and escaped in all ways.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  std::string text() {
    out_.clear();
    object(0);
    return out_;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  void value(std::size_t depth) {
    switch (depth > 5 ? 4 + below(4) : below(8)) {
      case 0:
      case 1:
        return object(depth + 1);
      case 2:
      case 3:
        return array(depth + 1);
      case 4:
        out_ += one_of<6>({"0", "-1.50", "1e2", "12345678901234567890", "true", "null"});
        return;
      default:
        return string(word());
    }
  }
  void object(std::size_t depth) {
    out_ += '{';
    std::vector<std::string> known;
    for (std::size_t left = below(6); left > 0; --left) {
      std::string name = key();
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      if (!known.empty()) out_ += ',';
      space();
      known.push_back(name);
      string(name);
      space();
      out_ += ':';
      space();
      value(depth);
    }
    space();
    out_ += '}';
  }
  void array(std::size_t depth) {
    out_ += '[';
    for (std::size_t left = below(5); left > 0; --left) {
      value(depth);
      space();
      if (left > 1) out_ += ',';
      space();
    }
    out_ += ']';
  }
  void space() {
    if (below(12) == 0) out_ += one_of<4>({" ", "\n", "\t", "\r\n "});
  }
  std::string key() {
    return one_of<22>({"name",
                       "Name",
                       "value",
                       "Value",
                       "Env",
                       "LABELS",
                       "Options",
                       "JoinTokens",
                       "password",
                       "api_key",
                       "Secrets",
                       "SecretName",
                       "a",
                       "tags",
                       "x/token",
                       "Spec",
                       "metadata",
                       "cr\xc3\xa9"
                       "dential",
                       "Passphrase",
                       "\n",
                       "",
                       "list"});
  }
  std::string word() {
    static constexpr std::size_t kParts = 24;
    std::string text;
    for (std::size_t left = below(4); left > 0; --left) {
      text += one_of<kParts>({"PASSWORD=",
                              "PATH=",
                              "--token",
                              "--name",
                              "http://",
                              "u:p@h",
                              "@",
                              "user:",
                              "/",
                              "redacted:hmac-",
                              "SWMTKN-1",
                              "hunter2",
                              "=",
                              " ",
                              "\"",
                              "\\",
                              "\n",
                              "\xc3\xa9",
                              "\xf0\x9f\x98\x80",
                              "postgres://a:b@c/",
                              "DB_SECRET",
                              "--",
                              ":",
                              "a long text that says nothing of interest"});
    }
    return text;
  }
  // Each character in one of the ways in which it may be written.
  void string(const std::string& text) {
    const bool odd = below(4) == 0;
    if (!odd) return append_json_string(out_, text);
    out_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '/' && below(2) == 0) {
        out_ += "\\/";
      } else if (byte < 0x20 || c == '"' || c == '\\' || (byte < 0x80 && below(3) == 0)) {
        static constexpr std::string_view kHex = "0123456789aBcDeF";
        out_ += "\\u00";
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  template <std::size_t N>
  std::string one_of(const std::array<std::string_view, N>& texts) {
    return std::string(texts[below(N)]);
  }

  std::mt19937 random_;
  std::string out_;
};

std::string normal(std::string_view text) {
  const auto value = parse_json(text);
  REQUIRE(value);
  return to_json(*value);
}

TEST_CASE("redaction: cuts exactly what a walk over the parsed values would cut", "[model]") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  Writer writer(seed);
  const Redactor redactor("key", {true, {"dential"}});
  const Oracle oracle(redactor);
  std::size_t cut = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = writer.text();
    CAPTURE(text);
    const auto redacted = redactor.redact(text);
    REQUIRE(normal(redacted.value_or(text)) == oracle.redact(text));
    if (redacted) REQUIRE(*redacted != text);
    cut += redacted ? 1 : 0;
  }
  CHECK(cut > 2'000);
  CHECK(cut < 18'000);
}

TEST_CASE("redaction: keeps nothing of a text that the reader refuses", "[model]") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  Writer writer(seed);
  const Redactor redactor("key", {});
  const Oracle oracle(redactor);
  constexpr std::string_view kBytes = "{}[],:\"\\ue0123-.+tfn \n\x01\xc3\xa9\xff=/@";
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = writer.text();
    text[writer.below(text.size())] = kBytes[writer.below(kBytes.size())];
    CAPTURE(text);
    const auto redacted = redactor.redact(text);
    const auto expected = oracle.redact(text);
    if (expected) {
      REQUIRE(normal(redacted.value_or(text)) == *expected);
    } else if (redacted != "{}") {
      // Only keys that come twice are read here and not there: each of them is cut.
      REQUIRE(parse_json(text).error().message.find("duplicate key") != std::string::npos);
    } else {
      ++refused;
    }
  }
  CHECK(refused > 1'000);
}

TEST_CASE("redaction: of keys that come twice each one's secret goes", "[model]") {
  const Redactor redactor("key", {});
  const std::string text =
      GENERATE(R"({"Labels":{"token":"hunter2","token":"hunter2"}})",
               R"({"env":[{"name":"DB_PASSWORD","name":"x","value":"hunter2"}]})",
               R"({"env":[{"name":"x","value":"hunter2","name":"DB_PASSWORD"}]})",
               R"({"env":[{"name":"DB_PASSWORD","value":"hunter2","value":"hunter2"}]})",
               R"({"env":[{"name":"DB_PASSWORD","value":"hunter2","value":1}]})",
               R"({"Labels":{"token":{"a":"hunter2","a":1},"token":"hunter2"}})",
               R"({"Env":{"a":1},"Env":["PASSWORD=hunter2"],"Env":{"PASSWORD":"hunter2"}})");
  CAPTURE(text);
  const auto redacted = redactor.redact(text);
  REQUIRE(redacted);
  CHECK(redacted->find("hunter2") == std::string::npos);
}

TEST_CASE("redaction: what surrounds a secret keeps its bytes", "[model]") {
  const Redactor redactor("key", {});
  const auto redacted =
      redactor.redact("{ \"n\": 1.50,\n\"Env\": [\"A\\u0042=1\", \"PASSWORD=x\"] }");
  REQUIRE(redacted);
  CHECK(*redacted == "{ \"n\": 1.50,\n\"Env\": [\"A\\u0042=1\", \"PASSWORD=" +
                         redactor.fingerprint("x") + "\"] }");
}

}  // namespace
}  // namespace storm
