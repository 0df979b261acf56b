#include "text_operator.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "storm/cpp/fault.hpp"

namespace storm::text {
namespace {

using sdk::Fault;

// What matching needs besides the pattern, made once per thread and freed with it.
class MatchSpace {
 public:
  MatchSpace()
      : data_(pcre2_match_data_create_8(1, nullptr)),
        context_(pcre2_match_context_create_8(nullptr)),
        stack_(pcre2_jit_stack_create_8(kJitStackStart, kJitStackMax, nullptr)) {
    if (!context_) return;
    pcre2_set_match_limit_8(context_, kStepsMax);
    pcre2_set_depth_limit_8(context_, kStepsMax);
    pcre2_set_heap_limit_8(context_, kMatchHeapMaxKib);
    if (stack_) pcre2_jit_stack_assign_8(context_, nullptr, stack_);
  }
  ~MatchSpace() {
    pcre2_match_data_free_8(data_);
    pcre2_match_context_free_8(context_);
    if (stack_) pcre2_jit_stack_free_8(stack_);
  }
  MatchSpace(const MatchSpace&) = delete;
  MatchSpace& operator=(const MatchSpace&) = delete;

  bool ready() const { return data_ && context_; }
  pcre2_match_data_8* data() const { return data_; }
  pcre2_match_context_8* context() const { return context_; }

 private:
  pcre2_match_data_8* const data_;
  pcre2_match_context_8* const context_;
  pcre2_jit_stack_8* const stack_;
};

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    if (word & kHighBits) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

std::uint32_t flags_of(std::string_view options) {
  std::uint32_t flags = PCRE2_UTF | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
  for (const char option : options) {
    switch (option) {
      case 'i':
        flags |= PCRE2_CASELESS;
        break;
      case 'm':
        flags |= PCRE2_MULTILINE;
        break;
      case 's':
        flags |= PCRE2_DOTALL;
        break;
      case 'x':
        flags |= PCRE2_EXTENDED;
        break;
      case 'u':
        break;
      default:
        throw Fault(STORM_E_INVALID, std::string("unknown option \"") + option +
                                         "\" in $options; the options are i, m, s, x and u");
    }
  }
  return flags;
}

// \G means "where this search began", which says nothing here.
bool has_search_start(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (pattern[++i] == 'G') return true;
  }
  return false;
}

std::string message_of(int code) {
  std::array<unsigned char, 256> text{};
  const int length = pcre2_get_error_message_8(code, text.data(), text.size());
  return length < 0 ? "error " + std::to_string(code)
                    : std::string(reinterpret_cast<const char*>(text.data()));
}

// Of this thread.
std::int64_t processor_ms() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{1'000} * time.tv_sec + time.tv_nsec / 1'000'000;
}

}  // namespace

std::unique_ptr<const TextPattern> TextPattern::compile(std::string_view pattern,
                                                        std::string_view options) {
  if (pattern.size() > kPatternBytesMax) {
    throw Fault(STORM_E_INVALID,
                "the pattern is longer than " + std::to_string(kPatternBytesMax) + " bytes");
  }
  if (pattern.find('\0') != pattern.npos) {
    throw Fault(STORM_E_INVALID, "the pattern holds a NUL character");
  }
  if (has_search_start(pattern)) {
    throw Fault(STORM_E_INVALID, "\\G is not supported; use \\A for the start of the text");
  }
  const std::uint32_t flags = flags_of(options);
  const std::unique_ptr<pcre2_compile_context_8, void (*)(pcre2_compile_context_8*)> context(
      pcre2_compile_context_create_8(nullptr), &pcre2_compile_context_free_8);
  if (!context) throw Fault(STORM_E_INTERNAL, "out of memory");
  // `$` and `.` mean the same on every system.
  pcre2_set_newline_8(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit_8(context.get(), kGroupDepthMax);
  int error = 0;
  std::size_t offset = 0;
  pcre2_code_8* const code = pcre2_compile_8(reinterpret_cast<const unsigned char*>(pattern.data()),
                                             pattern.size(), flags, &error, &offset, context.get());
  if (!code) {
    throw Fault(STORM_E_INVALID, "the pattern is wrong at character " + std::to_string(offset + 1) +
                                     ": " + message_of(error));
  }
  return std::unique_ptr<const TextPattern>(new TextPattern(code, hint_of(pattern, options)));
}

TextPattern::TextPattern(pcre2_real_code_8* code, PatternHint hint)
    : code_(code), hint_(std::move(hint)) {
  // Without machine code a match is slower, and bounded all the same.
  jit_ = pcre2_jit_compile_8(code_, PCRE2_JIT_COMPLETE) == 0;
  std::uint32_t all_options = 0;
  pcre2_pattern_info_8(code_, PCRE2_INFO_ALLOPTIONS, &all_options);
  one_start_ = (all_options & PCRE2_ANCHORED) != 0;
}

TextPattern::~TextPattern() { pcre2_code_free_8(code_); }

storm_rc TextPattern::match(std::string_view subject) const noexcept {
  if (hint_.exact) {
    const bool prefix = hint_.kind == PatternHint::Kind::Prefix;
    const bool yes = std::any_of(hint_.keys.begin(), hint_.keys.end(), [&](const auto& key) {
      return prefix ? subject.starts_with(key) : subject == key;
    });
    return yes ? STORM_YES : STORM_OK;
  }
  if (subject.size() > kSubjectBytesMax) return STORM_E_QUOTA;
  return search(subject);
}

storm_rc TextPattern::search(std::string_view subject) const noexcept {
  thread_local const MatchSpace space;
  if (!space.ready()) return STORM_E_INTERNAL;
  static constexpr unsigned char kNothing = 0;
  const auto* text =
      subject.empty() ? &kNothing : reinterpret_cast<const unsigned char*>(subject.data());
  // The check of the text is PCRE2's, in the first round, unless the text is plain.
  std::uint32_t options = is_ascii(subject) ? PCRE2_NO_UTF_CHECK : 0;
  std::int64_t deadline = 0;
  for (std::size_t start = 0; start <= subject.size();) {
    std::size_t last = one_start_ ? start : start + kStartsPerRound - 1;
    const bool final_round = one_start_ || last >= subject.size();
    pcre2_set_offset_limit_8(space.context(), final_round ? PCRE2_UNSET : last);
    const int code = jit_ && options == PCRE2_NO_UTF_CHECK
                         ? pcre2_jit_match_8(code_, text, subject.size(), start, 0, space.data(),
                                             space.context())
                         : pcre2_match_8(code_, text, subject.size(), start, options, space.data(),
                                         space.context());
    if (code >= 0) return STORM_YES;
    if (code <= PCRE2_ERROR_UTF8_ERR1 && code >= PCRE2_ERROR_UTF8_ERR21) return STORM_E_INVALID;
    if (code != PCRE2_ERROR_NOMATCH) return STORM_E_QUOTA;
    if (final_round) return STORM_OK;
    if (deadline == 0) {
      deadline = processor_ms() + kMatchTimeMaxMs;
    } else if (processor_ms() > deadline) {
      return STORM_E_QUOTA;
    }
    options = PCRE2_NO_UTF_CHECK;
    start = last + 1;
    // The next round starts at a whole character.
    while (start < subject.size() && (text[start] & 0xC0) == 0x80) ++start;
  }
  return STORM_OK;
}

}  // namespace storm::text
