// What searches cost inside the process, without HTTP: the first time, and again.
//   search_bench DATA [ROUNDS [THREADS]]
// DATA is a folder of tests/bench/gen_resources.py; its probes are the queries, and their matches
// are checked. THREADS help; 0 is for machines that others use as well, where waiting for a helper
// says more about them than about the search. Another is the regex over names that
// tests/bench/peers/ceiling_peer.cpp measures.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/document/json.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/resource_search.hpp"
#include "plugins/executors/jsonl/line_parser.hpp"
#include "tests/bench/bench_input.hpp"
#include "unit/query/text_source.hpp"

namespace {

using namespace storm;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kBatch = 1000;  // as executors give them
constexpr int kRounds = 15;

[[noreturn]] void fail(const std::string& message) {
  std::cerr << "error: " << message << "\n";
  std::exit(1);
}

void load(Engine& engine, const std::string& path) {
  auto lines = bench::Lines::open(path);
  if (!lines) fail(lines.error().message);
  const auto agent = engine.execute(RegisterAgent{"jsonl", "bench", Value::object()});
  if (!agent) fail(agent.error().message);
  jsonl::LineParser parser;
  bool more = true;
  while (more) {
    DiscoveryBatch batch{.scope = "all"};
    while (more && batch.upserts.size() < kBatch) {
      const auto line = lines->next();
      more = line.has_value();
      if (more) {
        batch.upserts.push_back(bench::discovered(std::get<sdk::Resource>(parser.parse(*line))));
      }
    }
    if (auto taken = engine.execute(Discover{agent->id, std::move(batch)}); !taken)
      fail(taken.error().message);
  }
}

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

double milliseconds(Steady::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// The first page of one, as a client that wants the count asks.
struct Cost {
  double wall = 0, cpu = 0;  // milliseconds; of all threads
};
Cost ask(Engine& engine, const Query& query, std::size_t& matches) {
  const auto begin = Steady::now();
  const std::clock_t used = std::clock();
  const Snapshot state = engine.snapshot();
  ResourceSearch search(*state, query, &engine.scans());
  search.run([] { return false; });
  matches = search.found()->size();
  (void)search.found()->first(1);
  constexpr double kTicksOfMillisecond = CLOCKS_PER_SEC / 1000.0;
  return {milliseconds(Steady::now() - begin),
          static_cast<double>(std::clock() - used) / kTicksOfMillisecond};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) fail("usage: search_bench DATA [ROUNDS [THREADS]]");
  const std::string data = argv[1];
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : kRounds;
  const auto operators = std::make_shared<OperatorSet>(test::text_operators());
  bench::NoStorage storage;
  SystemClock clock;
  Engine::Options options;
  if (argc > 3) options.scan_threads = static_cast<std::size_t>(std::max(0, std::atoi(argv[3])));
  auto engine = Engine::create(storage, clock, operators, options);
  if (!engine) fail(engine.error().message);
  (*engine)->start();
  load(**engine, data + "/docs.jsonl");

  auto probes = parse_json(text_of(data + "/queries.json"));
  if (!probes || !probes->find("probes")) fail("cannot read " + data + "/queries.json");
  Value::Array list = probes->find("probes")->as_array();
  list.push_back(*parse_json(R"({"name":"names","query":{"names":{"$regex":"redis.*[0-9]$"}}})"));
  fmt::print("{} resources, {} classes\n", (*engine)->snapshot()->resources.size(),
             (*engine)->snapshot()->classes.size());
  fmt::print("{:<24} {:>9} {:>22} {:>22}\n", "query", "matches", "first, ms (of CPU)",
             "again, ms (of CPU)");
  for (const Value& probe : list) {
    auto query = Query::parse(*probe.find("query"), *operators);
    if (!query) fail(query.error().message);
    std::size_t matches = 0;
    const Cost first = ask(**engine, *query, matches);
    std::vector<Cost> again;
    for (int i = 0; i < rounds; ++i) again.push_back(ask(**engine, *query, matches));
    std::ranges::sort(again, {}, &Cost::wall);
    const double wall = again[again.size() / 2].wall;
    std::ranges::sort(again, {}, &Cost::cpu);
    const double cpu = again[again.size() / 2].cpu;
    fmt::print("{:<24} {:>9} {:>12.3f} {:>9.3f} {:>12.3f} {:>9.3f}\n",
               probe.find("name")->as_string(), matches, first.wall, first.cpu, wall, cpu);
    const Value* expected = probe.find("matches");
    if (expected && static_cast<std::int64_t>(matches) != expected->as_int())
      fail(fmt::format("there should be {}", expected->as_int()));
  }
  (*engine)->stop();
}
