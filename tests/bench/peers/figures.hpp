// What the programs of the yardstick share: series of times, and one line of JSON a figure on
// standard output, which tests/bench/yardstick reads.
#pragma once
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/document/json.hpp"
#include "core/document/value.hpp"

namespace storm::bench {

[[noreturn]] inline void fail(const std::string& what) {
  std::cerr << what << '\n';
  std::exit(2);
}

inline double now_seconds(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Series {
 public:
  void add(double seconds) { seconds_.push_back(seconds); }
  void add(const Series& other) {
    seconds_.insert(seconds_.end(), other.seconds_.begin(), other.seconds_.end());
  }
  std::size_t size() const { return seconds_.size(); }
  // The smallest that at least this share of all does not exceed.
  double at(double share) {
    if (seconds_.empty()) return 0;
    std::sort(seconds_.begin(), seconds_.end());
    const double rank = std::ceil(share * static_cast<double>(seconds_.size()));
    return seconds_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }

 private:
  std::vector<double> seconds_;
};

// A figure by name, with whatever else is known of it.
inline void say(const std::string& name, double value, Value more = Value::object()) {
  Value line = Value::object();
  line.add("name", name);
  line.add("value", value);
  for (auto& [key, one] : more.as_object()) line.add(key, std::move(one));
  std::cout << to_json(line) << std::endl;
}

// p50 in seconds, with p99 and the number of times.
inline void say(const std::string& name, Series& series, Value more = Value::object()) {
  more.add("p99", series.at(0.99));
  more.add("times", static_cast<std::int64_t>(series.size()));
  say(name, series.at(0.5), std::move(more));
}

// Calls it until it has been called `times` times, or for `seconds` and at least once.
template <typename Function>
Series timed(std::size_t times, double seconds, const Function& function) {
  Series series;
  const double begin = now_seconds();
  while (series.size() < times && (series.size() == 0 || now_seconds() - begin < seconds)) {
    const double before = now_seconds();
    function();
    series.add(now_seconds() - before);
  }
  return series;
}

// What gen_resources.py wrote into queries.json.
struct Probes {
  std::vector<std::string> ids;
  Value all;  // by name

  explicit Probes(const std::string& folder) {
    std::FILE* const file = std::fopen((folder + "/queries.json").c_str(), "rb");
    if (!file)
      fail("cannot read " + folder + "/queries.json; tests/bench/gen_resources.py makes it");
    std::string text;
    char buffer[65536];
    for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
      text.append(buffer, got);
    }
    std::fclose(file);
    auto read = parse_json(text);
    if (!read) fail(read.error().message);
    for (const Value& id : read->find("ids")->as_array()) ids.push_back(id.as_string());
    all = Value::object();
    for (const Value& probe : read->find("probes")->as_array()) {
      all.add(probe.find("name")->as_string(), probe);
    }
  }
  const Value& operator[](const char* name) const { return *all.find(name); }
  std::int64_t matches(const char* name) const { return all.find(name)->find("matches")->as_int(); }
  std::string text(const char* name, const char* key) const {
    return all.find(name)->find(key)->as_string();
  }
  std::int64_t bound(const char* name) const { return all.find(name)->find("bound")->as_int(); }
};

// The first text that no text with this beginning reaches.
inline std::string after(std::string prefix) {
  ++prefix.back();
  return prefix;
}

inline void check(const std::string& who, const char* what, std::int64_t got,
                  std::int64_t expected) {
  if (got == expected) return;
  fail(who + ": " + what + " matches " + std::to_string(got) + ", not " + std::to_string(expected));
}

}  // namespace storm::bench
