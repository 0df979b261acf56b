// What a resource costs in memory, broken down, and what taking it in costs in time:
//   memory_bench DOCS
// DOCS is docs.jsonl of tests/bench/gen_resources.py. The engine takes all of them in; then each
// part of its state is built once more by itself, and the growth of the heap is its cost.
#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "plugins/executors/jsonl/line_parser.hpp"
#include "tests/bench/bench_input.hpp"

namespace {

using namespace storm;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBatch = 1000;  // as executors give them

[[noreturn]] void fail(const std::string& message) {
  std::cerr << "error: " << message << "\n";
  std::exit(1);
}

std::size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double resident_megabytes() {
  std::ifstream status("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  status >> size >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

class CostTable {
 public:
  explicit CostTable(std::size_t resources) : resources_(static_cast<double>(resources)) {}
  // Measures what `build` keeps.
  template <typename Build>
  void part(const std::string& name, const Build& build) const {
    const std::size_t before = heap();
    const auto kept = build();
    row(name, heap() - before);
  }
  void row(const std::string& name, std::size_t bytes) const {
    fmt::print("{:<44} {:>9.0f}\n", name, static_cast<double>(bytes) / resources_);
  }

 private:
  const double resources_;
};

template <typename T, typename Of>
std::vector<T> each(const State& state, const Of& of) {
  std::vector<T> all;
  all.reserve(state.resources.size());
  for (const auto& [uuid, resource] : state.resources) all.push_back(of(*resource));
  return all;
}

void break_down(const State& state) {
  const std::size_t count = state.resources.size();
  const CostTable table(count);
  table.part("snapshots, packed", [&] {
    return each<PackedText>(state, [](const Resource& r) {
      if (!r.snapshot.is_packed()) return PackedText::raw(r.snapshot.bytes());
      return *PackedText::from_packed(r.snapshot.bytes(), r.snapshot.dictionary());
    });
  });
  table.part("names", [&] {
    return each<TextList>(
        state, [](const Resource& r) { return TextList(std::vector<std::string>(r.names)); });
  });
  table.part("uid", [&] {
    return each<SharedText>(state, [](const Resource& r) { return SharedText(r.uid.view()); });
  });
  table.part("the object, its texts shared", [&] {
    return each<Shared<Resource>>(
        state, [](const Resource& r) { return std::make_shared<const Resource>(r); });
  });
  table.part("table by id", [&] {
    Table<Resource> all;
    for (const auto& [uuid, resource] : state.resources) all.put(uuid, resource);
    return all;
  });
  table.part("listing in order", [&] {
    decltype(state.ordered_resources) all;
    for (const auto& resource : state.ordered_resources) all.insert_or_assign(resource);
    return all;
  });
  table.part("index of names", [&] {
    decltype(state.names) all;
    for (const auto& name : state.names) all.insert_or_assign(name);
    return all;
  });
  table.part("index of references", [&] {
    decltype(state.references) all;
    for (const auto& reference : state.references) all.insert_or_assign(reference);
    return all;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: memory_bench DOCS");
  auto lines = bench::Lines::open(argv[1]);
  if (!lines) fail(lines.error().message);

  bench::NoStorage storage;
  SystemClock clock;
  auto engine = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
  if (!engine) fail(engine.error().message);
  (*engine)->start();
  auto agent = (*engine)->execute(RegisterAgent{"jsonl", "bench", Value::object()});
  if (!agent) fail(agent.error().message);

  jsonl::LineParser parser;
  const std::size_t before = heap();
  std::size_t json = 0;
  Seconds reading{}, taking{}, applying{};
  bool more = true;
  while (more) {
    const auto start = std::chrono::steady_clock::now();
    DiscoveryBatch batch{.scope = "all"};
    while (more && batch.upserts.size() < kBatch) {
      const auto line = lines->next();
      more = line.has_value();
      if (!more) break;
      json += line->size() + 1;
      batch.upserts.push_back(bench::discovered(std::get<sdk::Resource>(parser.parse(*line))));
    }
    const auto read = std::chrono::steady_clock::now();
    Result<Outcome> outcome = Error{Errc::Internal, "not called"};
    std::promise<void> done;
    const bool taken = (*engine)->submit_waiting(
        Discover{agent->id, std::move(batch)},
        [&](Result<Outcome> result) {
          outcome = std::move(result);
          done.set_value();
        },
        [] { return false; });
    const auto submitted = std::chrono::steady_clock::now();
    if (!taken) fail("the engine did not take a batch");
    done.get_future().wait();
    if (!outcome) fail(outcome.error().message);
    reading += read - start;
    taking += submitted - read;
    applying += std::chrono::steady_clock::now() - submitted;
  }
  const Snapshot state = (*engine)->snapshot();
  const std::size_t count = state->resources.size();
  if (count == 0) fail("no resources");
  const auto micros = [&](Seconds seconds) {
    return seconds.count() * 1e6 / static_cast<double>(count);
  };
  fmt::print("{} resources, {} bytes of JSON each\n\n", count, json / count);
  fmt::print("{:<44} {:>9}\n", "time for a resource", "µs");
  fmt::print("{:<44} {:>9.2f}\n", "redacting and packing it (submitter)", micros(taking));
  fmt::print("{:<44} {:>9.2f}\n\n", "applying it (engine)", micros(applying));
  fmt::print("{:<44} {:>9}\n", "memory for a resource", "bytes");
  break_down(*state);
  CostTable(count).row("the whole heap, with the newest events", heap() - before);
  fmt::print("{:<44} {:>9.2f}\n", "  of the JSON",
             static_cast<double>(heap() - before) / static_cast<double>(json));
  fmt::print("{:<44} {:>9.0f}\n", "resident, MB, with what the bench took", resident_megabytes());
  (*engine)->stop();
}
