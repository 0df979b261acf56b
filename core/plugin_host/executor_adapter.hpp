// One configured executor: a thread for each of its scopes that lists, then watches, then begins
// again after a failure, and hands what it learns to a ResourceSink.
// Owned by the daemon, started and stopped by it. A plugin that does not come back when it is told
// to stop is left behind with its thread and everything that this thread touches.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "core/plugin_host/resource_sink.hpp"

namespace storm {

inline constexpr std::size_t kScopesMax = 64;  // threads of one executor
inline constexpr std::int64_t kRetryFirst = 1 * kNanosecondsPerSecond;
inline constexpr std::int64_t kRetryMax = 30 * kNanosecondsPerSecond;
inline constexpr std::int64_t kRetryAfterMax = 3600 * kNanosecondsPerSecond;  // what a plugin asks
inline constexpr std::int64_t kWatchReturnTimeout = 2 * kNanosecondsPerSecond;  // once cancelled

// What the plugin says about its instance.
struct ExecutorDescription {
  std::string agent_type;
  Value options = Value::object();
  std::vector<std::string> scopes;  // never empty; one empty text when the plugin names none
  std::vector<std::string> types;
};
Result<ExecutorDescription> read_description(std::string_view json);

class ExecutorAdapter {
 public:
  // Asks the started instance to describe itself.
  static Result<std::unique_ptr<ExecutorAdapter>> create(std::shared_ptr<PluginInstance> instance);
  ~ExecutorAdapter();  // stops
  ExecutorAdapter(const ExecutorAdapter&) = delete;
  ExecutorAdapter& operator=(const ExecutorAdapter&) = delete;

  const ExecutorDescription& description() const { return description_; }
  const PluginInstance& instance() const { return *instance_; }

  // Begins to discover. Requires: called once.
  void run(std::shared_ptr<ResourceSink> sink);
  // Has every scope listed again at once: the model forgot what they told. Does not wait. Between
  // run and stop.  [any-thread]
  void relist();
  // A scope that waits before it begins again after a failure does so at once. Between run and
  // stop.  [any-thread]
  void try_now();
  // Cancels all calls and returns within kWatchReturnTimeout + kQuiesceTimeout; the sink is not
  // used any more then. The error says what did not stop.
  Result<void> stop();

 private:
  class Scope;
  struct Gate;

  ExecutorAdapter(std::shared_ptr<PluginInstance> instance, ExecutorDescription description);

  const std::shared_ptr<PluginInstance> instance_;
  const ExecutorDescription description_;
  std::shared_ptr<Gate> gate_;
  std::vector<std::shared_ptr<Scope>> scopes_;
};

}  // namespace storm
