// The host that a plugin meets in a check: every service of storm/host.h, and a record of how the
// plugin uses them. It lives until the process ends, so that a call after `destroy` is seen rather
// than a crash. [any-thread]
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/document/value.hpp"
#include "plugin_check/check.hpp"
#include "storm/host.h"

namespace storm::plugin_check {

enum class HostForm {
  Exact,
  Newer,  // a later minor: longer structs, whose tails hold what nobody knows
};

class RecordingHost {
 public:
  struct Options {
    std::vector<std::string> needs;  // what is granted
    std::string config;              // JSON
    HostForm form = HostForm::Exact;
  };

  // Never destroyed.
  static RecordingHost& create(Options options);
  RecordingHost(const RecordingHost&) = delete;
  RecordingHost& operator=(const RecordingHost&) = delete;

  const storm_host* raw() const { return raw_; }
  // From now on nobody may call.
  void end() { ended_ = true; }
  // What the plugin did that it must not, each once; and what is only doubtful.
  std::vector<Finding> breaches() const;
  std::size_t calls() const { return calls_.load(); }
  // What was last reported of a source that cannot be reached; empty: it can, or nothing was said.
  std::string lost() const;

  // The class of the host's call that this thread is in, while this lives.
  class ThreadClass {
   public:
    explicit ThreadClass(std::uint32_t thread_class);
    ~ThreadClass();
    ThreadClass(const ThreadClass&) = delete;
    ThreadClass& operator=(const ThreadClass&) = delete;

   private:
    const std::uint32_t before_;
  };

 private:
  struct Tables;
  enum class Waits { No, Yes };

  explicit RecordingHost(Options options);
  // False: the service must not be rendered.
  bool enter(std::string_view service, Waits waits);
  void breach(Severity severity, std::string text);

  const Options options_;
  const Value config_;
  const storm_host* raw_ = nullptr;
  std::atomic<bool> ended_ = false;
  std::atomic<std::size_t> calls_ = 0;
  mutable std::mutex mutex_;
  std::set<std::pair<Severity, std::string>> breaches_;  // Guarded by mutex_.
  std::set<std::string> metrics_;                        // Guarded by mutex_.
  std::string lost_;                                     // Guarded by mutex_.
};

}  // namespace storm::plugin_check
