// What it costs to know which groups a changed resource belongs to, inside one process and against
// the naive way on the same data: group_bench DIR [option VALUE]..., DIR as gen_resources.py writes
// it. Prints one line per figure, or JSON.
//
// The engine is asked as stormd asks it, by commands of 500 changes; what is counted is the time
// that its one thread spends on a processor, so that others on the machine matter little. The share
// of the groups is the difference to the same kind of changes before there was any group. Noise
// only adds, so of many commands the lower quartile counts, and of the naive way's rounds the
// fastest.
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "core/base/clock.hpp"
#include "core/document/json.hpp"
#include "core/engine/apply.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/members.hpp"
#include "plugins/executors/jsonl/line_parser.hpp"
#include "tests/bench/bench_input.hpp"
#include "tests/bench/naive_matcher.hpp"
#include "tests/unit/query/text_source.hpp"

namespace storm::bench {
namespace {

constexpr std::size_t kListed = 2'000;  // resources of one command while loading
constexpr std::size_t kChanges = 500;   // of one command while changing
constexpr int kNaiveRounds = 5;
constexpr std::size_t kGroupsInFlight = 1'000;

struct Options {
  std::string folder;
  std::size_t groups = SIZE_MAX;
  std::size_t more_groups = 0;   // that match nothing of this data
  std::size_t updates = 20'000;  // before the groups, and again as many with them
  std::size_t naive = 300;       // changes that the naive way is measured with
  bool json = false;
};

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "group_bench: " << what << '\n';
  std::exit(2);
}

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double at_share(std::vector<double> values, std::size_t one_in) {
  if (values.empty()) return 0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() / one_in);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}
double median(std::vector<double> values) { return at_share(std::move(values), 2); }
double lower_quartile(std::vector<double> values) { return at_share(std::move(values), 4); }

Lines lines_of(const std::string& path) {
  auto lines = Lines::open(path);
  if (!lines) fail(lines.error().message);
  return *std::move(lines);
}

// A query of the same kind that nothing in this data fulfils: its images, names and references are
// others.
Value elsewhere(const Value& query, bool inside = false) {
  if (query.is_array()) {
    Value::Array all;
    for (const Value& one : query.as_array()) all.push_back(elsewhere(one, inside));
    return Value(std::move(all));
  }
  if (query.is_string() && inside) {
    const std::string& text = query.as_string();
    return Value(text.starts_with('^') ? "^else/" + text.substr(1) : "else/" + text);
  }
  if (!query.is_object()) return query;
  Value out = Value::object();
  for (const auto& [key, value] : query.as_object()) {
    const bool named = key == "image" || key == "names" || key == "parent" || key == "host";
    out.add(key, elsewhere(value, inside || named));
  }
  return out;
}

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)) {
    auto engine = Engine::create(storage_, clock_,
                                 std::make_shared<const OperatorSet>(test::text_operators()), {});
    if (!engine) fail(engine.error().message);
    engine_ = std::move(*engine);
    engine_->on_publish([this] {
      const std::lock_guard lock(mutex_);
      if (!engine_clock_) {
        clockid_t clock = 0;
        pthread_getcpuclockid(pthread_self(), &clock);
        engine_clock_ = clock;
      }
    });
    engine_->start();
    agent_ = done(engine_->execute(RegisterAgent{"swarm", "bench", Value::object()})).id;
  }

  int run() {
    load();
    const Cost without = change(options_.updates);
    make_groups(options_.groups, false);
    const Cost with = change(options_.updates);
    const double share = with.cpu_us - without.cpu_us;
    say("change_without_groups_us", without.cpu_us, "a change, no group there");
    say("change_us", with.cpu_us, fmt::format("a change, {} groups there", groups_.size()));
    say("change_wall_us", with.wall_us, "the same by the clock on the wall");
    say("groups_us", share, "share of the groups");
    const std::size_t different = compare(share);
    look_up();
    if (options_.more_groups > 0) {
      make_groups(options_.more_groups, true);
      const Cost many = change(options_.updates);
      const double many_share = many.cpu_us - without.cpu_us;
      say("groups_us_many", many_share,
          fmt::format("share of the groups, {} more there that match nothing",
                      options_.more_groups));
      if (share > 0) say("ratio_many", many_share / share, "times the share without those");
    }
    if (options_.json) std::cout << to_json(figures_) << '\n';
    return different == 0 ? 0 : 1;
  }

 private:
  struct Cost {
    double cpu_us = 0;  // of one change
    double wall_us = 0;
  };

  template <typename T>
  static T done(Result<T> result) {
    if (result) return *std::move(result);
    std::string text = result.error().message;
    for (const Problem& problem : result.error().problems) {
      text += "; " + problem.pointer + ": " + problem.message;
    }
    fail(text);
  }

  void say(const std::string& name, double value, const std::string& what) {
    figures_.add(name, value);
    if (!options_.json) std::cout << fmt::format("{:>24} {:>14.3f}  {}", name, value, what) << '\n';
  }

  double engine_seconds() {
    const std::lock_guard lock(mutex_);
    return engine_clock_ ? seconds_of(*engine_clock_) : 0;
  }

  void discover(DiscoveryBatch batch) {
    done(engine_->execute(Discover{agent_, std::move(batch)}));
  }

  void load() {
    Lines lines = lines_of(options_.folder + "/docs.jsonl");
    DiscoveryBatch batch;
    double cpu = 0;
    std::size_t count = 0;
    const auto send = [&] {
      const double before = engine_seconds();
      discover(std::exchange(batch, {}));
      cpu += engine_seconds() - before;
    };
    while (const auto line = lines.next()) {
      auto change = parser_.parse(*line);
      batch.upserts.push_back(discovered(std::move(std::get<sdk::Resource>(change))));
      ++count;
      if (batch.upserts.size() == kListed) send();
    }
    send();
    say("resources", static_cast<double>(count), "loaded");
    say("load_us", cpu * 1e6 / static_cast<double>(count), "a new resource, no group there");
  }

  void make_groups(std::size_t how_many, bool absent) {
    Lines lines = lines_of(options_.folder + "/groups.jsonl");
    std::mutex mutex;
    std::condition_variable landed;
    std::size_t in_flight = 0;
    std::string refused;
    const double before = engine_seconds();
    std::size_t made = 0;
    std::vector<Value> forms;
    while (made < how_many) {
      if (!absent || forms.size() < groups_.size()) {
        const auto line = lines.next();
        if (!line) break;
        forms.push_back(done(parse_json(*line)));
      }
      const Value& form = forms[made % forms.size()];
      Value body = Value::object();
      if (absent) {
        body.add("name", fmt::format("absent-{:06}", made));
        body.add("query", elsewhere(*form.find("query")));
      } else {
        body = form;
        groups_.push_back(form);
      }
      ++made;
      {
        std::unique_lock lock(mutex);
        landed.wait(lock, [&] { return in_flight < kGroupsInFlight; });
        ++in_flight;
      }
      engine_->submit(CreateEntity{EntityKind::Group, std::move(body)}, [&](Result<Outcome> out) {
        const std::lock_guard lock(mutex);
        --in_flight;
        if (!out && refused.empty()) refused = out.error().message;
        landed.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    landed.wait(lock, [&] { return in_flight == 0; });
    if (!refused.empty()) fail("a group was refused: " + refused);
    say(absent ? "more_groups" : "groups", static_cast<double>(made), "made");
    say(absent ? "more_group_us" : "group_us",
        (engine_seconds() - before) * 1e6 / static_cast<double>(made),
        "to make a group over all resources");
  }

  Cost change(std::size_t how_many) {
    if (!updates_) updates_ = lines_of(options_.folder + "/updates.jsonl");
    std::vector<double> cpu, wall;
    last_.clear();
    while (how_many > 0) {
      DiscoveryBatch batch;
      while (how_many > 0 && batch.upserts.size() + batch.removals.size() < kChanges) {
        const auto line = updates_->next();
        if (!line) fail("updates.jsonl has too few changes");
        --how_many;
        auto change = parser_.parse(*line);
        if (auto* removal = std::get_if<jsonl::Removal>(&change)) {
          last_.erase(removal->uid);
          batch.removals.push_back(std::move(removal->uid));
        } else {
          auto& resource = std::get<sdk::Resource>(change);
          last_[resource.uid] = std::string(*line);
          batch.upserts.push_back(discovered(std::move(resource)));
        }
      }
      const auto size = static_cast<double>(batch.upserts.size() + batch.removals.size());
      const double before = engine_seconds();
      const double wall_before = seconds_of(CLOCK_MONOTONIC);
      discover(std::move(batch));
      cpu.push_back((engine_seconds() - before) * 1e6 / size);
      wall.push_back((seconds_of(CLOCK_MONOTONIC) - wall_before) * 1e6 / size);
    }
    return {lower_quartile(std::move(cpu)), lower_quartile(std::move(wall))};
  }

  // By the source's id, the whole document.
  void look_up() {
    const Snapshot state = engine_->snapshot();
    std::string text;
    std::vector<double> times;
    for (const auto& [uid, line] : last_) {
      const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
      const auto uuid = state->find(EntityKind::Resource, uid);
      if (!uuid) fail(uid + " is not found");
      text.clear();
      append_resource_json(text, **state->resources.get(*uuid));
      times.push_back((seconds_of(CLOCK_THREAD_CPUTIME_ID) - before) * 1e6);
    }
    say("by_id_us", median(std::move(times)), "by id, the whole document");
  }

  // Names of the generated groups that the model says the resource is in.
  std::set<std::string> memberships(const State& state, const std::string& uid) const {
    std::set<std::string> names;
    const Shared<Resource>* resource = state.resources.get(resource_id(agent_, uid).uuid);
    if (!resource) fail(uid + " is not in the model");
    const Shared<GroupNumbers> groups = groups_of(state, **resource);
    if (!groups) return names;
    for (const std::uint32_t number : *groups) {
      const LiveGroup& live = *state.groups.get(*state.group_numbers.get(number));
      names.insert(live.group->name.value_or(""));
    }
    return names;
  }

  // Measures the naive way on the resources that changed last; how many are in other groups there.
  std::size_t compare(double share) {
    NaiveMatcher written(NaiveMatcher::Order::AsWritten), image(NaiveMatcher::Order::ImageFirst);
    for (const Value& group : groups_) {
      written.add(*group.find("query"));
      image.add(*group.find("query"));
    }
    const Snapshot state = engine_->snapshot();
    std::vector<std::uint32_t> found;
    std::vector<std::unique_ptr<simdjson::dom::parser>> parsers;  // each keeps its document
    std::vector<NaiveDocument> documents;
    std::size_t members = 0, different = 0;
    for (const auto& [uid, line] : last_) {
      if (documents.size() == options_.naive) break;
      parsers.push_back(std::make_unique<simdjson::dom::parser>());
      simdjson::dom::element root;
      if (parsers.back()->parse(line).get(root) != simdjson::SUCCESS) {
        fail("updates.jsonl is no JSON");
      }
      documents.emplace_back(root["doc"].get_object().value());
      written.match(documents.back(), found);
      members += found.size();
      std::set<std::string> expected;
      for (const std::uint32_t position : found) {
        expected.insert(groups_[position].find("name")->as_string());
      }
      if (memberships(*state, uid) == expected) continue;
      if (++different <= 3) std::cerr << "other groups than the naive way says: " << uid << '\n';
    }
    if (documents.empty()) fail("no change to compare");
    const auto looked = static_cast<double>(documents.size());
    const auto time = [&](const NaiveMatcher& matcher) {
      double fastest = 0;
      for (int round = 0; round < kNaiveRounds; ++round) {
        const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        for (const NaiveDocument& document : documents) matcher.match(document, found);
        const double took = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - before) * 1e6 / looked;
        if (round == 0 || took < fastest) fastest = took;
      }
      return fastest;
    };
    const double naive = time(written);
    const double faster = std::min(naive, time(image));
    say("memberships", static_cast<double>(members) / looked, "a change");
    say("different", static_cast<double>(different), "resources in other groups than naively");
    say("naive_us", naive, "naively, conditions as they are written");
    say("naive_fast_us", faster, "naively, in the faster order");
    if (share > 0) {
      say("ratio", naive / share, "times faster than naively");
      say("ratio_fast", faster / share, "times faster than naively in the faster order");
    }
    return different;
  }

  const Options options_;
  NoStorage storage_;
  SystemClock clock_;
  std::unique_ptr<Engine> engine_;
  Id agent_;
  jsonl::LineParser parser_;
  std::optional<Lines> updates_;
  std::map<std::string, std::string> last_;  // the last line of each resource that changed
  std::vector<Value> groups_;
  Value figures_ = Value::object();
  std::mutex mutex_;
  std::optional<clockid_t> engine_clock_;  // Guarded by mutex_.
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::size_t* number = word == "--groups"        ? &options.groups
                          : word == "--more-groups" ? &options.more_groups
                          : word == "--updates"     ? &options.updates
                          : word == "--naive"       ? &options.naive
                                                    : nullptr;
    if (word == "--json") {
      options.json = true;
    } else if (number && i + 1 < argc) {
      *number = std::strtoull(argv[++i], nullptr, 10);
    } else if (!word.starts_with('-') && options.folder.empty()) {
      options.folder = word;
    } else {
      fail(
          "usage: group_bench DIR [--groups K] [--more-groups K] [--updates M] [--naive M] "
          "[--json]");
    }
  }
  if (options.folder.empty()) fail("which folder? tests/bench/gen_resources.py makes one");
  return options;
}

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  return storm::bench::Bench(storm::bench::read_options(argc, argv)).run();
}
