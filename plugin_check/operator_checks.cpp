#include "plugin_check/operator_checks.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "plugin_check/guarded.hpp"
#include "storm/cpp/text.hpp"
#include "storm/query_operator.h"

namespace storm::plugin_check {
namespace {

constexpr int kRandomArguments = 200;
constexpr int kValuesEach = 40;
constexpr int kThreads = 8;
constexpr int kMatchMs = 50;
constexpr int kBusyFactor = 5;  // how much slower a processor can be that others use as well
constexpr int kProgramsMax = 60;
constexpr std::size_t kOperatorsMax = 256;
constexpr std::int64_t kNow = 1'800'000'000LL * kNanosecondsPerSecond;

// Pieces of which arguments and values are made, so that they have to do with each other.
constexpr std::string_view kPieces[] = {"a",     "b",   "ab", "library/", "postgres",
                                        ":",     "9.6", ".",  "1",        "10",
                                        "1.2.3", "*",   "^",  "$",        "10.0.",
                                        "0.0/8", "::1", "-",  ">=",       "<",
                                        " ",     "?",   "\n", "\xc3\xa9", "2026-01-01T00:00:00Z",
                                        "5m",    "A"};

constexpr std::string_view kArguments[] = {"\"\"",
                                           "\"a\"",
                                           "\"^a\"",
                                           "\"a*\"",
                                           "\"*\"",
                                           "\"(a+)+$\"",
                                           "\"1.2.3\"",
                                           "\">=1.0 <2\"",
                                           "\"^1.2\"",
                                           "\"library/postgres:>=9.6 <11\"",
                                           "\"10.0.0.0/8\"",
                                           "\"2001:db8::/32\"",
                                           "[\"10.0.0.0/8\"]",
                                           "[\"a\", \"b\"]",
                                           "\"5m\"",
                                           "\">5m\"",
                                           "{\"$gt\": \"5m\"}",
                                           "{\"olderThan\": \"5m\"}",
                                           "{\"gt\": \"5m\"}",
                                           "{\"over\": \"5m\"}",
                                           "{\"older\": \"5m\"}",
                                           "300",
                                           "1.5",
                                           "true",
                                           "null",
                                           "[]",
                                           "{}",
                                           "[1, 2]",
                                           "{\"a\": 1}"};

constexpr std::string_view kGarbage[] = {"",    "{",         "nope",         "\"",
                                         "[1,", "{\"a\": }", "\"\xff\xfe\"", "\"\\ud800\""};

class Program {
 public:
  Program(const storm_queryop_v1& table, storm_prog* raw, std::string text)
      : table_(table), raw_(raw), argument(std::move(text)) {}
  ~Program() {
    if (raw_) table_.release(raw_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  storm_rc match(const storm_value& value) const {
    const RecordingHost::ThreadClass in_class(STORM_T_PURE);
    return table_.match(raw_, &value);
  }
  storm_rc match_at(const storm_value& value, std::int64_t now, std::int64_t* changes) const {
    const RecordingHost::ThreadClass in_class(STORM_T_PURE);
    return table_.match_at(raw_, &value, now, changes);
  }
  storm_rc hint(storm_hint& out) const {
    const RecordingHost::ThreadClass in_class(STORM_T_PURE);
    return table_.hint(raw_, &out);
  }

 private:
  const storm_queryop_v1& table_;
  storm_prog* const raw_;

 public:
  const std::string argument;  // with its operator, for people
};
using Programs = std::vector<std::unique_ptr<const Program>>;

std::vector<const char*> operators_of(const storm_queryop_v1& table) {
  std::vector<const char*> out;
  for (std::size_t i = 0; table.operators && table.operators[i] && i < kOperatorsMax; ++i) {
    out.push_back(table.operators[i]);
  }
  return out;
}

storm_value text_value(std::string_view text) {
  storm_value value{};
  value.kind = STORM_VALUE_STRING;
  value.v.s = to_abi(text);
  return value;
}

std::string random_text(Random& random) {
  std::string text;
  for (std::size_t i = random() % 6; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
  return text;
}

std::unique_ptr<const Program> compile(CheckedInstance& instance, const char* op,
                                       std::string_view argument, Answer* answer = nullptr) {
  const auto& table = instance.table<storm_queryop_v1>();
  // On guard pages, and gone afterwards: the program keeps nothing of them.
  Guarded text(argument);
  Guarded modifiers(std::string_view("{}"));
  storm_prog* made = nullptr;
  instance.context().step(fmt::format("compile of {} {}", op, argument.substr(0, 100)));
  const Answer own = instance.call("compile", STORM_T_WORK, [&](const storm_call* raw) {
    return table.compile(instance.handle(), raw, op, text.text(), modifiers.text(), &made);
  });
  text.take_away();
  modifiers.take_away();
  if (answer) *answer = own;
  if (!own.ok()) return nullptr;
  if (!made) {
    instance.context().error("compile answers success and gives no program");
    return nullptr;
  }
  return std::make_unique<const Program>(table, made, fmt::format("{} {}", op, argument));
}

// What compiles of many arguments; empty is said.
Programs programs_of(CheckedInstance& instance, Random& random) {
  Programs out;
  for (const char* op : operators_of(instance.table<storm_queryop_v1>())) {
    for (const std::string_view argument : kArguments) {
      if (auto program = compile(instance, op, argument)) out.push_back(std::move(program));
    }
    int taken = 0;
    for (int i = 0; i < kRandomArguments && taken < kProgramsMax; ++i) {
      std::string argument;
      append_json_string(argument, random_text(random));
      if (auto program = compile(instance, op, argument)) {
        out.push_back(std::move(program));
        ++taken;
      }
    }
  }
  if (out.empty()) {
    instance.context().skip("none of the arguments that were tried compiles");
  }
  return out;
}

struct Prepared {
  std::unique_ptr<CheckedInstance> instance;
  Programs programs;

  void finish() {
    programs.clear();
    instance->finish();
  }
};

std::optional<Prepared> prepare(CheckContext& context, Random& random) {
  Prepared out;
  out.instance = start_checked(context);
  if (!out.instance) return std::nullopt;
  out.programs = programs_of(*out.instance, random);
  if (!out.programs.empty()) return out;
  out.finish();
  return std::nullopt;
}

double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

bool inside(const storm_hint& hint, std::string_view text) {
  if (hint.kind == STORM_HINT_RANGE) {
    return sdk::view(hint.lo) <= text && (hint.hi.n == 0 || text < sdk::view(hint.hi));
  }
  for (const storm_str& key : sdk::List<storm_str>(hint.keys)) {
    const bool fits =
        hint.kind == STORM_HINT_PREFIX ? text.starts_with(sdk::view(key)) : text == sdk::view(key);
    if (fits) return true;
  }
  return hint.kind == STORM_HINT_NONE;
}

}  // namespace

void check_operator_table(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  const auto& table = *static_cast<const storm_queryop_v1*>(plugin->table);
  const auto operators = operators_of(table);
  if (operators.empty()) context.error("it names no operators");
  if (operators.size() == kOperatorsMax) context.error("its list of operators has no end");
  for (const char* op : operators) {
    if (op[0] != '$' || op[1] == '\0') {
      context.error(fmt::format("the operator {} does not begin with $", op));
    }
  }
  for (std::size_t i = 0; table.modifiers && table.modifiers[i] && i < kOperatorsMax; ++i) {
    if (table.modifiers[i][0] != '$') {
      context.error(fmt::format("the modifier {} does not begin with $", table.modifiers[i]));
    }
  }
  if (!table.compile || !table.match || !table.release) {
    context.error("compile, match or release of its table is NULL");
  }
  if (table.caps != 0) context.error("caps of its table is not zero");
}

void check_operator_compile(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const auto& table = instance->table<storm_queryop_v1>();
  const auto operators = operators_of(table);
  for (const char* op : operators) {
    for (const std::string_view argument : kGarbage) {
      Answer answer;
      if (compile(*instance, op, argument, &answer)) {
        context.error(fmt::format("{} takes the argument {}, which is no JSON", op, argument));
      } else if (answer.code != STORM_E_INVALID) {
        context.warning(fmt::format("{} refuses {} with {}, not with STORM_E_INVALID", op, argument,
                                    name_of_code(answer.code)));
      }
    }
    for (const std::size_t depth : {1'000U, 100'000U}) {
      const std::string deep = std::string(depth, '[') + std::string(depth, ']');
      compile(*instance, op, deep);
    }
    compile(*instance, op, "\"" + std::string(10'000'000, 'a') + "\"");
  }
  Answer answer;
  if (compile(*instance, "$noSuchOperator", "1", &answer)) {
    context.error("it compiles an operator that it does not name");
  }
  instance->finish();
}

void check_operator_values(CheckContext& context) {
  Random random(context.seed);
  auto prepared = prepare(context, random);
  if (!prepared) return;
  std::vector<std::pair<std::string, storm_value>> values;
  const auto add = [&](std::string what, std::uint32_t kind, auto set) {
    storm_value value{};
    value.kind = kind;
    set(value);
    values.emplace_back(std::move(what), value);
  };
  add("null", STORM_VALUE_NULL, [](storm_value&) {});
  add("true", STORM_VALUE_BOOL, [](storm_value& value) { value.v.i = 1; });
  for (const std::int64_t number : {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max()}) {
    add(std::to_string(number), STORM_VALUE_INT, [&](storm_value& value) { value.v.i = number; });
  }
  for (const double number : {0.0, 1.5, -1e308, std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()}) {
    add(fmt::format("{}", number), STORM_VALUE_FLOAT,
        [&](storm_value& value) { value.v.f = number; });
  }
  static const std::string huge(8 * 1024 * 1024, 'a');
  static const std::string json = R"({"a": ["x", 1, null]})";
  add("an object", STORM_VALUE_JSON, [](storm_value& value) { value.v.s = to_abi(json); });
  add("an empty text", STORM_VALUE_STRING, [](storm_value& value) { value.v.s = {nullptr, 0}; });
  add("bytes that are no UTF-8", STORM_VALUE_STRING,
      [](storm_value& value) { value.v.s = to_abi("\xff\xfe\x80 a"); });
  add("a text with NUL", STORM_VALUE_STRING,
      [](storm_value& value) { value.v.s = to_abi(std::string_view("a\0b", 3)); });
  add("8 MiB of text", STORM_VALUE_STRING, [](storm_value& value) { value.v.s = to_abi(huge); });
  add("a kind of a later minor", 77, [](storm_value& value) { value.v.s = to_abi(json); });
  // No more than fit the time: the large ones are looked at byte by byte.
  const std::size_t every = std::max<std::size_t>(1, prepared->programs.size() / kProgramsMax);
  for (std::size_t i = 0; i < prepared->programs.size(); i += every) {
    const Program& program = *prepared->programs[i];
    for (const auto& [what, value] : values) {
      context.step(fmt::format("match of {} with {}", program.argument, what));
      const storm_rc code = program.match(value);
      if (code > STORM_YES || code < STORM_E_INTERNAL) {
        context.error(fmt::format("match of {} with {} answers {}, which is no code of the ABI",
                                  program.argument, what, code));
      }
      if (value.kind == 77 && code == STORM_YES) {
        context.error(program.argument + " matches a kind of value that does not exist");
      }
    }
    const std::string text = random_text(random);
    Guarded guarded(text);
    storm_value value = text_value(text);
    value.v.s = guarded.text();
    context.step("match of " + program.argument + " with a text at the end of a page");
    if (program.match(value) != program.match(text_value(text))) {
      context.error("match of " + program.argument + " answers now so and now otherwise");
    }
    guarded.take_away();
  }
  prepared->finish();
}

void check_operator_hint(CheckContext& context) {
  Random random(context.seed);
  auto prepared = prepare(context, random);
  if (!prepared) return;
  const auto& table = prepared->instance->table<storm_queryop_v1>();
  if (!STORM_HAS(storm_queryop_v1, &table, hint)) {
    context.skip("it gives no hints");
    prepared->finish();
    return;
  }
  std::size_t hinted = 0, matched = 0;
  for (const auto& program : prepared->programs) {
    storm_hint hint{};
    hint.size = sizeof hint;
    context.step("hint of " + program->argument);
    if (program->hint(hint) < 0) {
      context.error("hint of " + program->argument + " fails");
      continue;
    }
    if (hint.kind > STORM_HINT_RANGE || hint.exact > 1 || hint.size != sizeof hint) {
      context.error(fmt::format("the hint of {} is garbage: kind {}, exact {}, size {}",
                                program->argument, hint.kind, hint.exact, hint.size));
      continue;
    }
    hinted += hint.kind != STORM_HINT_NONE;
    std::vector<std::string> texts;
    for (int i = 0; i < kValuesEach; ++i) texts.push_back(random_text(random));
    // What lies at the edges of the hint.
    const auto around = [&](std::string_view key) {
      texts.emplace_back(key);
      texts.push_back(std::string(key) + "\n");
      texts.push_back(std::string(key) + random_text(random));
      if (!key.empty()) texts.emplace_back(key.substr(0, key.size() - 1));
    };
    if (hint.kind == STORM_HINT_RANGE) {
      around(sdk::view(hint.lo));
      around(sdk::view(hint.hi));
    } else if (hint.kind != STORM_HINT_NONE) {
      for (const storm_str& key : sdk::List<storm_str>(hint.keys)) around(sdk::view(key));
    }
    for (const std::string& text : texts) {
      const storm_rc code = program->match(text_value(text));
      matched += code == STORM_YES;
      if (code == STORM_YES && !inside(hint, text)) {
        context.error(
            fmt::format("{} matches \"{}\", which its hint leaves out", program->argument, text));
        break;
      }
      if (code == STORM_OK && hint.exact == 1 && hint.kind != STORM_HINT_NONE &&
          inside(hint, text)) {
        context.error(fmt::format("{} does not match \"{}\", though its hint is exact and has it",
                                  program->argument, text));
        break;
      }
    }
    if (hint.kind == STORM_HINT_NONE) continue;
    storm_value other{};
    other.kind = STORM_VALUE_INT;
    other.v.i = 1;
    if (program->match(other) == STORM_YES) {
      context.error(program->argument + " matches a number, which its hint of texts leaves out");
    }
  }
  context.note(fmt::format("{} programs, {} with a hint, {} matches", prepared->programs.size(),
                           hinted, matched));
  prepared->finish();
}

void check_operator_hint_size(CheckContext& context) {
  Random random(context.seed);
  auto prepared = prepare(context, random);
  if (!prepared) return;
  const auto& table = prepared->instance->table<storm_queryop_v1>();
  if (!STORM_HAS(storm_queryop_v1, &table, hint)) {
    context.skip("it gives no hints");
  } else {
    for (const auto& program : prepared->programs) {
      storm_hint small{};
      std::memset(&small, 0x5A, sizeof small);
      const storm_hint before = small;
      small.size = offsetof(storm_hint, keys);
      context.step("hint of " + program->argument + " into a struct of an older host");
      program->hint(small);
      if (small.size != offsetof(storm_hint, keys) ||
          std::memcmp(&small.keys, &before.keys, sizeof small - offsetof(storm_hint, keys)) != 0) {
        context.error(
            "hint writes behind the size that its caller set; use STORM_HAS or compare "
            "with size");
        break;
      }
    }
  }
  prepared->finish();
}

void check_operator_shared(CheckContext& context) {
  Random random(context.seed);
  auto prepared = prepare(context, random);
  if (!prepared) return;
  std::vector<std::string> texts;
  for (int i = 0; i < kValuesEach; ++i) texts.push_back(random_text(random));
  std::vector<storm_rc> expected;
  for (const auto& program : prepared->programs) {
    for (const std::string& text : texts) expected.push_back(program->match(text_value(text)));
  }
  context.step(fmt::format("match on {} threads at once", kThreads));
  std::atomic<std::size_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        std::size_t next = 0;
        for (const auto& program : prepared->programs) {
          for (const std::string& text : texts) {
            wrong += program->match(text_value(text)) != expected[next++];
          }
        }
      });
    }
  }
  if (wrong > 0) {
    context.error(fmt::format("{} of {} answers differ when {} threads share the programs",
                              wrong.load(), expected.size() * kThreads, kThreads));
  }
  prepared->finish();
}

void check_operator_bounded(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const auto repeated = [](std::string_view piece, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += piece;
    return text;
  };
  const std::string arguments[] = {"(a+)+$",
                                   "(a|aa)+$",
                                   "(a*)*b",
                                   "(.*)(.*)(.*)(.*)x",
                                   "(?:a?){60}a{60}b",
                                   "a*a*[xy]",
                                   repeated("*a", 60) + "b",
                                   repeated("?*", 100) + "b",
                                   repeated("a*", 40) + "b",
                                   repeated(">=1 ", 500),
                                   repeated("1.", 500) + "1"};
  const std::string texts[] = {std::string(30, 'a') + "!", std::string(5'000, 'a') + "!",
                               std::string(200'000, 'a'), repeated("ab", 20'000) + "\n",
                               repeated("1.", 10'000) + "1"};
  const double allowed_ms = kMatchMs * kBusyFactor * context.patience;
  double longest = 0;
  std::size_t programs = 0;
  for (const char* op : operators_of(instance->table<storm_queryop_v1>())) {
    for (const std::string& pattern : arguments) {
      std::string argument;
      append_json_string(argument, pattern);
      const double begin = thread_seconds();
      const auto program = compile(*instance, op, argument);
      const double compiled = thread_seconds() - begin;
      if (compiled * 1000 > allowed_ms) {
        context.error(fmt::format("compile of {} {} takes {:.0f} ms; bound it", op,
                                  pattern.substr(0, 40), compiled * 1000));
      }
      if (!program) continue;
      ++programs;
      for (const std::string& text : texts) {
        context.step(fmt::format("match of {} with {} bytes", program->argument, text.size()));
        const double start = thread_seconds();
        program->match(text_value(text));
        const double took = thread_seconds() - start;
        longest = std::max(longest, took);
        if (took * 1000 > allowed_ms) {
          context.error(
              fmt::format("match of {} with {} bytes takes {:.0f} ms of the processor, "
                          "at most {} are meant; cut it off with STORM_E_QUOTA",
                          program->argument.substr(0, 60), text.size(), took * 1000, kMatchMs));
        }
      }
    }
  }
  context.note(fmt::format("the longest match of {} hostile programs took {:.1f} ms", programs,
                           longest * 1000));
  instance->finish();
}

void check_operator_time(CheckContext& context) {
  Random random(context.seed);
  auto prepared = prepare(context, random);
  if (!prepared) return;
  const auto& table = prepared->instance->table<storm_queryop_v1>();
  if (!STORM_HAS(storm_queryop_v1, &table, match_at)) {
    context.skip("its answers do not depend on the time");
    prepared->finish();
    return;
  }
  for (const auto& program : prepared->programs) {
    for (int i = 0; i < kValuesEach; ++i) {
      const std::string text = i == 0 ? "2027-01-15T08:00:00Z" : random_text(random);
      std::int64_t now = kNow;
      context.step("match_at of " + program->argument + " with " + text);
      for (int change = 0; change < 8; ++change) {
        std::int64_t next = std::numeric_limits<std::int64_t>::min();
        const storm_rc code = program->match_at(text_value(text), now, &next);
        if (code < 0) break;
        if (next <= now) {
          context.error(fmt::format("{} with \"{}\" changes at {}, which is not after {}",
                                    program->argument, text, next, now));
          break;
        }
        // Until then the answer stays.
        const std::int64_t limit =
            next == INT64_MAX ? now + 1'000'000 * kNanosecondsPerSecond : next;
        const std::int64_t between =
            now + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit - now));
        std::int64_t ignored = 0;
        if (program->match_at(text_value(text), between, &ignored) != code) {
          context.error(fmt::format("{} with \"{}\" changes its answer before the time it told",
                                    program->argument, text));
          break;
        }
        if (next == INT64_MAX) break;
        now = next;
      }
    }
  }
  prepared->finish();
}

void exercise_operator(CheckedInstance& instance) {
  for (const char* op : operators_of(instance.table<storm_queryop_v1>())) {
    for (const std::string_view argument : kArguments) {
      const auto program = compile(instance, op, argument);
      if (!program) continue;
      for (const std::string_view text : {"", "a", "library/postgres:9.6", "10.1.2.3"}) {
        program->match(text_value(text));
      }
    }
  }
}

}  // namespace storm::plugin_check
