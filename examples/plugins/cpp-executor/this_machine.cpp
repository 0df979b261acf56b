// this_machine: an executor in C++. Its only resource is the machine that it runs on, with its
// uptime, load and memory; it tells them again every few seconds.
//
// The host calls `describe` once and then `watch`, on a thread of its own, until it cancels that
// call. To follow a cloud of yours, begin at look(): list what there is, then tell what changes.
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "storm/cpp/executor.hpp"

namespace {

using storm::sdk::Batch;
using storm::sdk::Call;
using storm::sdk::Fault;
using storm::sdk::Feed;
using storm::sdk::Resource;

constexpr int kSecondsDefault = 5;
constexpr int kSecondsMax = 3600;

constexpr std::string_view kConfigSchema = R"({
  "type": "object",
  "properties": {
    "every": {"type": "integer", "minimum": 1, "maximum": 3600,
              "description": "Seconds from one look at the machine to the next."}
  }
})";

// A host name is letters, digits, dots and hyphens; anything else could break the JSON below.
std::string host_name() {
  std::array<char, 256> text{};
  if (gethostname(text.data(), text.size() - 1) != 0 || text[0] == '\0') return "localhost";
  std::string name(text.data());
  const auto odd = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-');
  };
  std::replace_if(name.begin(), name.end(), odd, '-');
  return name;
}

// A map, in which there is nothing but `every`; its value is looked at by start().
void check_settings(std::string_view config) {
  const auto refuse = [](const std::string& message) {
    throw Fault(STORM_E_INVALID, message).layer(STORM_LAYER_CONFIG);
  };
  if (!config.empty() && (config.size() < 2 || config.front() != '{' || config.back() != '}')) {
    refuse("config must be a map, such as {every: 5}");
  }
  const std::size_t quote = config.find('"');
  if (quote == std::string_view::npos) return;
  const std::string_view name = config.substr(quote + 1, config.find('"', quote + 1) - quote - 1);
  const bool more = config.find('"', quote + name.size() + 2) != std::string_view::npos;
  if (name != "every" || more) {
    refuse("there is only the setting \"every\", a number, in " +
           std::string(config.substr(0, 80)));
  }
}

// 174 -> "1.74"
std::string hundredths(std::uint64_t value) {
  const std::string digits = std::to_string(value % 100);
  return std::to_string(value / 100) + (digits.size() < 2 ? ".0" : ".") + digits;
}

Resource look(std::int64_t wall_ns) {
  struct sysinfo now {};
  if (sysinfo(&now) != 0) {
    throw Fault(STORM_E_UNAVAILABLE, "sysinfo() failed").layer(STORM_LAYER_PROVIDER);
  }
  const std::string name = host_name();
  const std::uint64_t unit = now.mem_unit;
  Resource machine;
  machine.uid = name;  // unique within this instance, and the same for ever
  machine.type = "machine";
  machine.names = {name};
  machine.status = STORM_STATUS_RUNNING;
  machine.health = STORM_HEALTH_HEALTHY;
  machine.observed_wall_ns = wall_ns;
  machine.snapshot_json =
      R"({"host": ")" + name + R"(", "uptime_s": )" + std::to_string(now.uptime) + R"(, "load": )" +
      hundredths(std::uint64_t{now.loads[0]} * 100 >> SI_LOAD_SHIFT) + R"(, "processes": )" +
      std::to_string(now.procs) + R"(, "memory_bytes": )" + std::to_string(now.totalram * unit) +
      R"(, "memory_free_bytes": )" + std::to_string(now.freeram * unit) + "}";
  return machine;
}

class ThisMachine final : public storm::sdk::Executor {
 public:
  ThisMachine(const storm::sdk::Host& host, std::string_view config_json) : host_(host) {
    check_settings(config_json);
  }

  // The host reads the configuration for us: no parser of JSON is needed.
  void start(const Call& call, std::string_view) override {
    const auto every = call.config("/every");
    if (!every) return;
    int seconds = 0;
    const char* const end = every->data() + every->size();
    const auto read = std::from_chars(every->data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end || seconds < 1 || seconds > kSecondsMax) {
      throw Fault(STORM_E_INVALID, R"("every" must be a whole number of seconds from 1 to 3600)")
          .layer(STORM_LAYER_CONFIG);
    }
    every_ = std::chrono::seconds(seconds);
  }

  std::string describe(const Call&) override {
    return R"({"agent_type": "this_machine", "types": ["machine"]})";
  }

  void watch(const Call& call, std::string_view scope, std::string_view,
             const Feed& feed) override {
    Batch batch{std::string(scope)};
    // The first batch is a full listing: what it does not have is gone.
    batch.begin_sync(static_cast<std::uint64_t>(host_.mono_ns()));
    batch.end_sync();
    do {
      batch.upsert(look(host_.wall_ns()));
      if (!feed.publish(call, batch)) return;
      batch.clear();
    } while (call.sleep(every_));  // false at once when the host cancels the call
  }

 private:
  const storm::sdk::Host host_;
  std::chrono::seconds every_{kSecondsDefault};  // set by start, before any watch
};

}  // namespace

STORM_EXECUTOR_PLUGIN(this_machine, ThisMachine, kConfigSchema)
