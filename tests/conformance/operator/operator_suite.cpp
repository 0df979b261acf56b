// What every operator plugin must do: match what it should, hint without lying, refuse garbage in
// words, end soon whatever the argument, and serve many threads.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <thread>

#include "catch.hpp"
#include "plugin_operator.hpp"
#include "storm/cpp/text.hpp"

namespace storm::conformance {
namespace {

using sdk::view;

constexpr int kUses = 4'000;
constexpr int kTextsPerUse = 25;
// Of the thread's processor time: the machine may be busy. Generous, for sanitizers: what it must
// tell apart is a bounded call from one that takes minutes.
constexpr double kCallMaxSeconds = 2;
constexpr int kThreads = 4;

struct Fixture {
  OperatorSamples samples = operator_samples();
  PluginOperator plugin;
  ~Fixture() { CHECK(plugin.breaches() == ""); }
};

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::uint64_t seed() {
  const char* given = std::getenv("STORM_TEST_SEED");
  const std::uint64_t value = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "STORM_TEST_SEED=" << value << std::endl;
  return value;
}

std::string describe(const OperatorUse& use) {
  return use.op + " " + use.argument + " " + use.modifiers;
}

bool inside(const storm_hint& hint, const std::string& text) {
  if (hint.kind == STORM_HINT_RANGE) {
    return view(hint.lo) <= text && (hint.hi.n == 0 || text < view(hint.hi));
  }
  for (const storm_str& key : sdk::List<storm_str>(hint.keys)) {
    if (hint.kind == STORM_HINT_PREFIX ? text.starts_with(view(key)) : text == view(key)) {
      return true;
    }
  }
  return hint.kind == STORM_HINT_NONE;
}

}  // namespace

TEST_CASE("operator plugin: its tables are whole and stay the same", "[operator]") {
  Fixture fixture;
  const storm_queryop_v1& table = fixture.plugin.table();
  CHECK(table.size >= sizeof(storm_queryop_v1));
  REQUIRE(table.operators != nullptr);
  REQUIRE(table.operators[0] != nullptr);
  for (const char* const* name = table.operators; *name; ++name) CHECK(**name == '$');
  for (const char* const* name = table.modifiers; name && *name; ++name) CHECK(**name == '$');
  CHECK(table.compile != nullptr);
  CHECK(table.match != nullptr);
  CHECK(table.release != nullptr);
  CHECK(fixture.plugin.plugin().iface(STORM_QUERYOP_V1) == &table);
  CHECK(fixture.plugin.plugin().iface("storm.nothing/1") == nullptr);
}

TEST_CASE("operator plugin: the examples match as they should", "[operator]") {
  Fixture fixture;
  for (const OperatorExample& example : fixture.samples.examples) {
    INFO(describe(example.use) << " on " << example.text);
    std::string message;
    const auto program = fixture.plugin.compile(example.use, nullptr, &message);
    INFO(message);
    REQUIRE(program);
    CHECK(program->match(example.text) == (example.matches ? STORM_YES : STORM_OK));
  }
}

TEST_CASE("operator plugin: a hint leaves out nothing that matches", "[operator]") {
  Fixture fixture;
  Random random(seed());
  std::size_t compiled = 0, hinted = 0, exact = 0, matched = 0;
  for (int i = 0; i < kUses; ++i) {
    const OperatorUse use = fixture.samples.use(random);
    storm_rc code = STORM_OK;
    const auto program = fixture.plugin.compile(use, &code);
    INFO(describe(use));
    if (!program) {
      CHECK(code == STORM_E_INVALID);
      continue;
    }
    ++compiled;
    storm_hint hint{};
    hint.size = sizeof hint;
    REQUIRE(program->hint(hint) >= 0);
    hinted += hint.kind != STORM_HINT_NONE;
    exact += hint.exact == 1;
    for (int j = 0; j < kTextsPerUse; ++j) {
      const std::string text = fixture.samples.text(random);
      const storm_rc match = program->match(text);
      if (match == STORM_YES) ++matched;
      if (match == STORM_YES && !inside(hint, text)) FAIL_CHECK("left out: " << text);
      if (match == STORM_OK && hint.exact == 1 && inside(hint, text)) {
        FAIL_CHECK("does not match although the hint is exact: " << text);
      }
    }
  }
  // Enough of each, or the test says nothing.
  CHECK(compiled > kUses / 4);
  CHECK(matched > static_cast<std::size_t>(kUses));
  if (fixture.plugin.table().hint) {
    CHECK(hinted > kUses / 20);
    if (fixture.samples.exact_hints) CHECK(exact > kUses / 100);
  }
}

TEST_CASE("operator plugin: a hint is written to an older host's smaller struct", "[operator]") {
  Fixture fixture;
  for (const OperatorExample& example : fixture.samples.examples) {
    const auto program = fixture.plugin.compile(example.use);
    REQUIRE(program);
    storm_hint hint{};
    hint.size = offsetof(storm_hint, keys);
    hint.keys.n = 12345;
    REQUIRE(program->hint(hint) >= 0);
    CHECK(hint.keys.n == 12345);
    CHECK(hint.size == offsetof(storm_hint, keys));
  }
}

TEST_CASE("operator plugin: what it does not understand is refused in words", "[operator]") {
  Fixture fixture;
  for (const OperatorUse& use : fixture.samples.garbage) {
    INFO(describe(use));
    storm_rc code = STORM_OK;
    std::string message;
    CHECK_FALSE(fixture.plugin.compile(use, &code, &message));
    CHECK(code == STORM_E_INVALID);
    CHECK_FALSE(message.empty());
    CHECK(message.find('\n') == message.npos);
  }
}

TEST_CASE("operator plugin: a hostile argument is refused or cut off, never a hang", "[operator]") {
  Fixture fixture;
  double longest = 0;
  for (const OperatorUse& use : fixture.samples.hostile_uses) {
    INFO(describe(use).substr(0, 200));
    const double begin = thread_seconds();
    const auto program = fixture.plugin.compile(use);
    CHECK(thread_seconds() - begin < kCallMaxSeconds);
    if (!program) continue;
    for (const std::string& text : fixture.samples.hostile_texts) {
      const double start = thread_seconds();
      const storm_rc code = program->match(text);
      const double took = thread_seconds() - start;
      INFO("a text of " << text.size() << " bytes took " << took << " s");
      CHECK(took < kCallMaxSeconds);
      longest = std::max(longest, took);
      CHECK(code <= STORM_YES);
    }
  }
  std::cout << "the longest match took " << longest << " s of the processor" << std::endl;
}

TEST_CASE("operator plugin: every kind of value is answered", "[operator]") {
  Fixture fixture;
  for (const OperatorExample& example : fixture.samples.examples) {
    const auto program = fixture.plugin.compile(example.use);
    REQUIRE(program);
    storm_value value{};
    for (const std::uint32_t kind : {STORM_VALUE_NULL, STORM_VALUE_BOOL, STORM_VALUE_INT}) {
      value.kind = kind;
      value.v.i = 1;
      CHECK(program->match(value) >= STORM_OK);
    }
    value.kind = STORM_VALUE_FLOAT;
    value.v.f = 1.5;
    CHECK(program->match(value) >= STORM_OK);
    const std::string json = R"({"a":["x"]})";
    value.kind = STORM_VALUE_JSON;
    value.v.s = sdk::str(json);
    CHECK(program->match(value) >= STORM_OK);
    value.kind = STORM_VALUE_STRING;
    value.v.s = storm_str{nullptr, 0};
    CHECK(program->match(value) == program->match(std::string()));
    program->match(std::string("\xff\xfe\x80 not UTF-8", 13));
    program->match(std::string("a\0b", 3));
  }
}

TEST_CASE("operator plugin: threads share a program, and compile beside each other", "[operator]") {
  Fixture fixture;
  Random random(seed());
  std::vector<OperatorUse> uses;
  std::vector<std::unique_ptr<const PluginOperator::Program>> programs;
  while (programs.size() < 40) {
    OperatorUse use = fixture.samples.use(random);
    auto program = fixture.plugin.compile(use);
    if (!program) continue;
    uses.push_back(std::move(use));
    programs.push_back(std::move(program));
  }
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(fixture.samples.text(random));
  std::vector<storm_rc> expected;
  for (const auto& program : programs) {
    for (const std::string& text : texts) expected.push_back(program->match(text));
  }
  std::atomic<std::size_t> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::size_t p = 0; p < programs.size(); ++p) {
          const auto own = fixture.plugin.compile(uses[p]);
          for (std::size_t i = 0; i < texts.size(); ++i) {
            const storm_rc code = expected[p * texts.size() + i];
            wrong += programs[p]->match(texts[i]) != code;
            wrong += !own || own->match(texts[i]) != code;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("operator plugin: programs and threads leave nothing behind", "[operator]") {
  Fixture fixture;
  const OperatorExample& example = fixture.samples.examples.front();
  const auto pages = [] {
    std::size_t all = 0;
    std::ifstream("/proc/self/statm") >> all;
    return all;
  };
  const auto use_once = [&] {
    std::jthread([&] {
      const auto program = fixture.plugin.compile(example.use);
      if (program) program->match(example.text);
    });
  };
  for (int i = 0; i < 50; ++i) use_once();
  const std::size_t before = pages();
  for (int i = 0; i < 500; ++i) use_once();
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t after = pages();
  INFO("grew from " << before << " to " << after << " pages");
  CHECK(after <= before + 32 * 1024 * 1024 / page);
}
#endif

}  // namespace storm::conformance
