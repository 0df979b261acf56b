#include "core/document/json_scan.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/document/json_walk.hpp"

namespace storm {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

unsigned hex4(const char* at) {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    unit = unit * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return unit;
}

void append_utf8(std::string& out, unsigned point) {
  const auto byte = [&](unsigned bits) { out += static_cast<char>(bits); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0U | point >> 6);
  } else {
    if (point < 0x10000) {
      byte(0xE0U | point >> 12);
    } else {
      byte(0xF0U | point >> 18);
      byte(0x80U | (point >> 12 & 0x3FU));
    }
    byte(0x80U | (point >> 6 & 0x3FU));
  }
  byte(0x80U | (point & 0x3FU));
}

char control_of(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;  // a quote, a backslash or a slash
  }
}

constexpr std::size_t kKeysReserved = 64;  // of all open objects together; most texts need no more
constexpr std::size_t kKeysSearched = 16;  // one against all; more are sorted

template <typename Bytes>
std::uint64_t load(const char* at) {
  Bytes bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// Of its length, its beginning and its end: keys of different marks differ.
std::uint64_t mark_of(std::string_view key) {
  const char* const at = key.data();
  const std::size_t size = key.size();
  std::uint64_t head = 0, tail = 0;
  if (size >= 8) {
    head = load<std::uint64_t>(at);
    tail = load<std::uint64_t>(at + size - 8);
  } else if (size >= 4) {
    head = load<std::uint32_t>(at);
    tail = load<std::uint32_t>(at + size - 4);
  } else if (size > 0) {
    head = load<std::uint8_t>(at) << 8U | load<std::uint8_t>(at + size - 1);
    tail = load<std::uint8_t>(at + size / 2);
  }
  return (head * 0x9e3779b97f4a7c15U ^ tail) * 0xff51afd7ed558ccdU + size;
}

struct Key {
  std::string_view text;
  std::uint64_t mark = 0;
  friend bool operator==(const Key& a, const Key& b) {
    return a.mark == b.mark && a.text == b.text;
  }
  friend bool operator<(const Key& a, const Key& b) {
    return a.mark != b.mark ? a.mark < b.mark : a.text < b.text;
  }
};

// Looks for keys that come twice in one object.
class KeyVisitor : public JsonVisitor {
 public:
  KeyVisitor() {
    keys_.reserve(kKeysReserved);
    open_.reserve(kKeysReserved);
  }
  // Surely each once. The same key may be written in many ways with escapes.
  bool unique() const { return unique_; }

  void open(const char* /*at*/, bool /*array*/) { open_.push_back({keys_.size()}); }
  void close(const char* /*end*/) {
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(open_.back().first);
    if (open_.back().doubtful) {
      std::sort(first, keys_.end());
      unique_ = unique_ && std::adjacent_find(first, keys_.end()) == keys_.end();
    }
    keys_.erase(first, keys_.end());
    open_.pop_back();
  }
  void key(const JsonString& name) {
    unique_ = unique_ && !name.escaped;
    Open& object = open_.back();
    const Key key{name.raw, mark_of(name.raw)};
    const std::uint64_t bit = std::uint64_t{1} << (key.mark >> 58U);
    if ((object.seen & bit) != 0) search(object, key);
    object.seen |= bit;
    keys_.push_back(key);
  }

 private:
  struct Open {              // an object or an array
    std::size_t first;       // of its keys
    std::uint64_t seen = 0;  // a bit for each key; few share one
    bool doubtful = false;   // has many keys, some perhaps twice
  };
  // Sorting keeps hostile objects from taking quadratic time.
  void search(Open& object, const Key& key) {
    if (keys_.size() - object.first > kKeysSearched) {
      object.doubtful = true;
    } else {
      const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(object.first);
      unique_ = unique_ && std::find(first, keys_.end(), key) == keys_.end();
    }
  }

  std::vector<Open> open_;
  std::vector<Key> keys_;  // of the open objects, so far
  bool unique_ = true;
};

}  // namespace

bool is_json(std::string_view text, std::size_t depth_max) {
  KeyVisitor keys;
  return JsonWalk(text, depth_max, keys).run() == JsonVerdict::Yes && keys.unique();
}

void append_unescaped(std::string& out, std::string_view raw) {
  for (;;) {
    const std::size_t at = raw.find('\\');
    out += raw.substr(0, at);
    if (at == std::string_view::npos) return;
    const char letter = raw[at + 1];
    raw.remove_prefix(at + 2);
    if (letter != 'u') {
      out += control_of(letter);
      continue;
    }
    unsigned point = hex4(raw.data());
    raw.remove_prefix(4);
    if (point >= 0xD800 && point <= 0xDBFF) {
      point = 0x10000 + ((point - 0xD800) << 10) + (hex4(raw.data() + 2) - 0xDC00);
      raw.remove_prefix(6);
    }
    append_utf8(out, point);
  }
}

bool is_utf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    // Eight ASCII bytes at a time: most text of clouds is nothing else.
    if (end - at >= 8) {
      std::uint64_t block = 0;
      std::memcpy(&block, at, sizeof block);
      if ((block & 0x8080808080808080U) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = utf8_length(at, static_cast<std::size_t>(end - at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::size_t utf8_length(const char* text, std::size_t left) {
  const auto* const at = reinterpret_cast<const unsigned char*>(text);
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (left < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at[i])) return 0;
  }
  if (lead == 0xE0 && at[1] < 0xA0) return 0;   // overlong
  if (lead == 0xED && at[1] >= 0xA0) return 0;  // surrogates
  if (lead == 0xF0 && at[1] < 0x90) return 0;   // overlong
  if (lead == 0xF4 && at[1] >= 0x90) return 0;  // past U+10FFFF
  return length;
}

}  // namespace storm
