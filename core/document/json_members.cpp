#include "core/document/json_members.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <unordered_set>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/document/json.hpp"

namespace storm {
namespace {

// Small objects are searched for a duplicate key, larger ones keep a set of their keys.
constexpr std::size_t kKeySetThreshold = 16;
constexpr std::ptrdiff_t kIntegerDigitsMax = 18;  // surely within 64 bits
constexpr std::size_t kBlock = 64;
constexpr std::size_t kMembersSearched = 8;  // one by one; more by halves

// Where in 64 bytes are the characters that give JSON its shape; bit 0 is the first byte.
struct Shape {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t openers = 0;
  std::uint64_t closers = 0;
};

#if defined(__SSE2__)
constexpr std::ptrdiff_t kLane = 16;

__m128i load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
std::uint64_t equal(__m128i lane, char c) {
  const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(lane, _mm_set1_epi8(c)));
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(mask));
}

Shape shape_of(const char* block) {
  Shape shape;
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i lane = load(block + i * 16);
    // '[' and '{', ']' and '}' are one bit apart.
    const __m128i folded = _mm_or_si128(lane, _mm_set1_epi8(0x20));
    const unsigned shift = i * 16;
    shape.quotes |= equal(lane, '"') << shift;
    shape.backslashes |= equal(lane, '\\') << shift;
    shape.openers |= equal(folded, '{') << shift;
    shape.closers |= equal(folded, '}') << shift;
  }
  return shape;
}

// The first quote or backslash, or nearly the end: less than a lane before it.
const char* to_string_special(const char* at, const char* end) {
  for (; end - at >= kLane; at += kLane) {
    const __m128i lane = load(at);
    const std::uint64_t found = equal(lane, '"') | equal(lane, '\\');
    if (found != 0) return at + std::countr_zero(found);
  }
  return at;
}
#else
Shape shape_of(const char* block) {
  Shape shape;
  for (unsigned i = 0; i < kBlock; ++i) {
    const char c = block[i];
    const char folded = static_cast<char>(c | 0x20);
    shape.quotes |= std::uint64_t{c == '"'} << i;
    shape.backslashes |= std::uint64_t{c == '\\'} << i;
    shape.openers |= std::uint64_t{folded == '{'} << i;
    shape.closers |= std::uint64_t{folded == '}'} << i;
  }
  return shape;
}

const char* to_string_special(const char* at, const char*) { return at; }
#endif

// Each bit: the exclusive or of itself and all bits below.
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// The bits that a backslash before them escapes. `carry`: the block's first byte is escaped; set
// for the block after it.
std::uint64_t escaped_by(std::uint64_t backslashes, bool& carry) {
  std::uint64_t escaped = carry ? 1 : 0;
  carry = false;
  for (std::uint64_t left = backslashes & ~escaped; left != 0;) {
    const int at = std::countr_zero(left);
    left &= left - 1;
    if (at == 63) {
      carry = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    left &= ~escaped;
  }
  return escaped;
}

// Refuses keys that come twice. Small objects are searched; beyond that a set keeps hostile ones
// linear.
class KeySet {
 public:
  bool add(const Value& object, const std::string& name) {
    const Value::Object& members = object.as_object();
    if (members.size() < kKeySetThreshold) return object.find(name) == nullptr;
    if (names_.empty()) {
      for (const Value::Member& member : members) names_.insert(member.first);
    }
    return names_.insert(name).second;
  }

 private:
  std::unordered_set<std::string> names_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool run(const MemberTree& tree, Value& value) {
    skip_space();
    return tree.whole() ? whole(value, 0) : narrowed(tree, value, 0);
  }

 private:
  bool whole(Value& value, std::size_t depth) {
    if (at_ == end_) return false;
    if (*at_ != '{' && *at_ != '[') return scalar(value);
    if (depth >= kJsonDepthMax) return false;
    return *at_++ == '{' ? object(value, depth) : array(value, depth);
  }
  bool object(Value& value, std::size_t depth) {
    value = Value::object();
    KeySet keys;
    if (take('}')) return true;
    do {
      std::string name;
      if (!string(name) || !take(':') || !keys.add(value, name)) return false;
      value.add(std::move(name), Value());
      if (!whole(value.as_object().back().second, depth + 1)) return false;
    } while (take(','));
    return take('}');
  }
  bool array(Value& value, std::size_t depth) {
    value = Value::array();
    if (take(']')) return true;
    do {
      value.push_back(Value());
      if (!whole(value.as_array().back(), depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  bool narrowed(const MemberTree& tree, Value& value, std::size_t depth) {
    if (at_ == end_) return false;
    if (*at_ != '{' && *at_ != '[') return scalar(value);
    if (depth >= kJsonDepthMax) return false;
    return *at_++ == '{' ? narrowed_object(tree, value, depth) : narrowed_array(tree, value, depth);
  }
  bool narrowed_object(const MemberTree& tree, Value& value, std::size_t depth) {
    value = Value::object();
    if (take('}')) return true;
    std::size_t missing = tree.size();
    do {
      // What follows the last that is wanted matters only where something else comes after it.
      if (missing == 0) return depth == 0 || skip_rest();
      std::string unescaped;
      std::string_view name;
      if (!key(name, unescaped) || !take(':')) return false;
      const MemberTree* const wanted = tree.find(name);
      if (wanted == nullptr) {
        if (!skip()) return false;
        continue;
      }
      --missing;
      value.add(std::string(name), Value());
      Value& member = value.as_object().back().second;
      const bool read =
          wanted->whole() ? whole(member, depth + 1) : narrowed(*wanted, member, depth + 1);
      if (!read) return false;
    } while (take(','));
    return take('}');
  }
  bool narrowed_array(const MemberTree& tree, Value& value, std::size_t depth) {
    value = Value::array();
    if (take(']')) return true;
    do {
      value.push_back(Value());
      if (!narrowed(tree, value.as_array().back(), depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  bool scalar(Value& value) {
    switch (*at_) {
      case '"': {
        std::string text;
        if (!string(text)) return false;
        value = Value(std::move(text));
        return true;
      }
      case 't':
        value = Value(true);
        return word("true");
      case 'f':
        value = Value(false);
        return word("false");
      case 'n':
        value = Value();
        return word("null");
      default:
        return number(value);
    }
  }
  bool word(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        std::memcmp(at_, expected.data(), expected.size()) != 0) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  bool number(Value& value) {
    const char* const first = at_;
    bool whole_number = true;
    for (; at_ != end_; ++at_) {
      const char c = *at_;
      if (c >= '0' && c <= '9') continue;
      if (c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') break;
      whole_number = whole_number && c == '-' && at_ == first;
    }
    if (whole_number && at_ - first <= kIntegerDigitsMax) {
      std::int64_t integer = 0;
      const auto [stop, problem] = std::from_chars(first, at_, integer);
      value = Value(integer);
      return problem == std::errc() && stop == at_;
    }
    if (!whole_number) {
      double real = 0;
      const auto [stop, problem] = std::from_chars(first, at_, real);
      if (problem == std::errc() && stop == at_) {
        value = Value(real);
        return true;
      }
    }
    return fallback(first, value);
  }
  // Texts that are rare and easy to get wrong are left to the reader of whole documents.
  bool fallback(const char* first, Value& value) {
    auto parsed = parse_json(std::string_view(first, static_cast<std::size_t>(at_ - first)));
    if (!parsed) return false;
    value = std::move(*parsed);
    return true;
  }

  bool string(std::string& text) {
    std::string unescaped;
    std::string_view view;
    if (!key(view, unescaped)) return false;
    if (unescaped.empty()) {
      text.assign(view);
    } else {
      text = std::move(unescaped);
    }
    return true;
  }
  // A view into the text, or into `unescaped` when it has escapes.
  bool key(std::string_view& name, std::string& unescaped) {
    const char* const first = at_;
    bool plain = true;
    if (!skip_string(plain)) return false;
    name = std::string_view(first + 1, static_cast<std::size_t>(at_ - first - 2));
    if (plain) return true;
    Value value;
    if (!fallback(first, value) || !value.is_string()) return false;
    unescaped = value.as_string();
    name = unescaped;
    return true;
  }

  bool skip_string() {
    bool plain = true;
    return skip_string(plain);
  }
  bool skip_string(bool& plain) {
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    while (true) {
      at_ = to_string_special(at_, end_);
      while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
      if (at_ == end_) return false;
      if (*at_++ == '"') return true;
      if (at_ == end_) return false;
      ++at_;
      plain = false;
    }
  }
  bool skip() {
    skip_space();
    if (at_ == end_) return false;
    if (*at_ == '"') return skip_string();
    if (*at_ == '{' || *at_ == '[') {
      ++at_;
      return skip_rest();
    }
    while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']') ++at_;
    return true;
  }
  // Past the closer of the object or array in which at_ is; not in a string of it.
  bool skip_rest() {
    std::size_t open = 1;
    bool escape = false;
    std::uint64_t in_string = 0;  // all bits: the block begins inside a string
    std::array<char, kBlock> last;
    while (at_ != end_) {
      const char* block = at_;
      const auto left = static_cast<std::size_t>(end_ - at_);
      if (left < kBlock) {
        last.fill(' ');
        std::memcpy(last.data(), at_, left);
        block = last.data();
      }
      const Shape shape = shape_of(block);
      std::uint64_t quotes = shape.quotes;
      if (shape.backslashes != 0 || escape) quotes &= ~escaped_by(shape.backslashes, escape);
      const std::uint64_t inside = prefix_xor(quotes) ^ in_string;
      in_string = (inside >> 63) != 0 ? ~std::uint64_t{0} : 0;
      const std::uint64_t openers = shape.openers & ~inside;
      const std::uint64_t closers = shape.closers & ~inside;
      const auto closed = static_cast<std::size_t>(std::popcount(closers));
      if (closed >= open) {
        if (const auto end = end_of(openers, closers, open)) {
          at_ += end;
          return true;
        }
      }
      open += static_cast<std::size_t>(std::popcount(openers)) - closed;
      at_ += std::min(left, kBlock);
    }
    return false;
  }
  // Bytes of a block up to and with the closer that closes the last of `open`; 0 when none does.
  static std::size_t end_of(std::uint64_t openers, std::uint64_t closers, std::size_t open) {
    std::size_t closed = 0;
    for (; closers != 0; closers &= closers - 1) {
      const int at = std::countr_zero(closers);
      const std::uint64_t before = openers & ((std::uint64_t{1} << at) - 1);
      if (++closed == open + static_cast<std::size_t>(std::popcount(before))) {
        return static_cast<std::size_t>(at) + 1;
      }
    }
    return 0;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  // The character and the space around it.
  bool take(char expected) {
    skip_space();
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    skip_space();
    return true;
  }

  const char* at_;
  const char* const end_;
};

// In a list sorted by name.
auto place_of(auto& members, std::string_view name) {
  return std::lower_bound(
      members.begin(), members.end(), name,
      [](const auto& member, std::string_view wanted) { return member.name < wanted; });
}

bool is_number(std::string_view step) {
  return !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void MemberTree::add(std::string_view path) {
  if (whole_) return;
  const std::string_view step = path.substr(0, path.find('.'));
  if (path.empty() || is_number(step)) {
    whole_ = true;
    members_.clear();
    return;
  }
  auto at = place_of(members_, step);
  if (at == members_.end() || at->name != step) at = members_.insert(at, {std::string(step), {}});
  // A last step without a name ends the narrowing as well.
  at->tree.add(path.substr(std::min(step.size() + 1, path.size())));
}

std::size_t MemberTree::size() const { return members_.size(); }

const MemberTree* MemberTree::find(std::string_view name) const {
  if (members_.size() <= kMembersSearched) {
    for (const Member& member : members_) {
      if (member.name == name) return &member.tree;
    }
    return nullptr;
  }
  const auto at = place_of(members_, name);
  return at != members_.end() && at->name == name ? &at->tree : nullptr;
}

Result<Value> parse_members(std::string_view json, const MemberTree& tree) {
  Value value;
  if (!Reader(json).run(tree, value)) return Error{Errc::InvalidArgument, "invalid JSON"};
  return value;
}

}  // namespace storm
