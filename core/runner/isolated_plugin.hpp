// A plugin that runs in a process of its own, as its instance calls it: its functions are those of
// the ABI, and each is a call over the socket. When the process dies, what was called hears of it,
// and the next call starts the next generation and repeats create and start there. Owned by its
// PluginInstance; threads as in storm/plugin.h, `process` and `clear_quarantine` are [any-thread].
#pragma once
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/manifest.hpp"
#include "core/plugin_host/plugin_code.hpp"
#include "core/runner/restart_policy.hpp"
#include "core/runner/runner_session.hpp"
#include "storm/executor.h"

namespace storm::runner {

class IsolatedPlugin final : public PluginCode {
 public:
  struct Options {
    std::filesystem::path program;  // the runner
    std::string version;            // of stormd
    Manifest manifest;
    HostServices* services = nullptr;  // outlives the plugin
    std::shared_ptr<RestartPolicy> policy;
    Patience patience;
  };
  // Starts the first generation and has it map the plugin.
  static Result<std::shared_ptr<IsolatedPlugin>> start(Options options);
  ~IsolatedPlugin() override;  // ends the process

  const void* table() const override { return &table_; }
  storm_rc create(const storm_host* host, const storm_call* call, storm_str config,
                  storm_inst** out) override;
  storm_rc start(storm_inst* instance, const storm_call* call, storm_str carried) override;
  // A generation that starts later has the new configuration, too.
  storm_rc reconfigure(storm_inst* instance, const storm_call* call, storm_str config) override;
  storm_rc quiesce(storm_inst* instance, const storm_call* call, const storm_out* carried) override;
  void destroy(storm_inst* instance) override;
  std::int64_t patience() const override;
  std::optional<ProcessState> process() const override;
  void clear_quarantine() override { options_.policy->clear(); }

 private:
  struct Functions;

  explicit IsolatedPlugin(Options options);

  storm_rc forward(Call request, const storm_call* call, const storm_feed* feed,
                   const storm_out* out);
  // The generation that lives, started if need be; null, and `code` and the call's fault say why.
  std::shared_ptr<RunnerSession> alive(const storm_call* call, storm_rc& code);
  std::shared_ptr<RunnerSession> next_generation(const storm_call* call, storm_rc& code);
  Result<std::shared_ptr<RunnerSession>> spawn(storm_cancel& cancel);
  std::shared_ptr<RunnerSession> current() const;
  std::string build() const;
  std::int64_t left_ns(const storm_call* call) const;
  storm_rc unavailable(const storm_call* call, const std::string& message, std::int64_t wait) const;

  const Options options_;
  storm_executor_v1 table_{};  // constant once started

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<RunnerSession> session_;  // Guarded by mutex_.
  std::string config_json_;                 // Guarded by mutex_.
  bool spawning_ = false;                   // Guarded by mutex_.
  bool begun_ = false;                      // Guarded by mutex_. Started once, not yet told to end.
  std::uint64_t generation_ = 0;            // Guarded by mutex_.
};

}  // namespace storm::runner
