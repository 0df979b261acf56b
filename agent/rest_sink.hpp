// RestSink: hands what an executor discovers to a stormd over REST. What may not have arrived, or
// was said to an earlier life of that stormd, is said again by a whole listing.
//
// publish() is called by the threads of the executor's scopes and waits for the answer; beat() by
// the program's own thread. [any-thread]
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "core/plugin_host/resource_sink.hpp"

namespace spdlog {
class logger;
}

namespace storm::agent {

inline constexpr std::int64_t kBeatEvery =
    kAgentTimeout / 12;  // a stormd that began anew is noticed
inline constexpr std::size_t kUpsertsPerRequest = 1'000;
inline constexpr std::size_t kBytesPerRequest = 4U << 20U;    // about; a larger one goes alone
inline constexpr std::size_t kResourceSentMax = 7U << 20U;    // as JSON; a stormd takes 8 MiB
inline constexpr std::chrono::milliseconds kRetryEvery{500};  // while the stormd takes nothing

// Who says it.
struct Registration {
  std::string type, name;
  Value options;
};

class RestSink : public ResourceSink {
 public:
  RestSink(cli::ClientOptions server, Registration registration,
           std::shared_ptr<spdlog::logger> log);

  Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) override;
  void report(SourceReport report) override;

  bool has_news() const { return has_news_; }  // beat() would say more than that we live
  // Registers the agent if need be, says that it lives, and how its source is doing. False: the
  // stormd has not heard it.
  bool beat();
  // Once after each time that all has to be told again.
  bool take_relist();

 private:
  // Of one scope of the executor.
  struct Scope {
    std::uint64_t generation = 0;  // the one in which its last listing began
    std::uint64_t given = 0;       // epoch of that listing, as the plugin says
    std::uint64_t epoch = 0;       // the same as the stormd knows it
  };

  bool ensure_agent(cli::Client& client);
  bool beat(cli::Client& client);
  int send(const std::string& json);
  bool number(DiscoveryBatch& batch);
  bool counts(const std::string& scope);
  void drop(const std::string& scope);
  void heard(const char* what);
  void lost(const cli::Answer& answer, const char* what);
  void forget(bool agent);

  const Registration registration_;
  const std::shared_ptr<spdlog::logger> log_;

  std::mutex telling_;  // held while a batch is sent: they arrive in order
  cli::Client teller_;  // Guarded by telling_.
  std::mutex beating_;  // held during a beat
  cli::Client beater_;  // Guarded by beating_.

  std::atomic<bool> has_news_ = false;
  std::mutex mutex_;                     // never held while something is sent
  std::string agent_;                    // Guarded by mutex_. Id; empty: not registered
  std::string life_;                     // Guarded by mutex_. Of the stormd
  MonoTime heard_ = 0;                   // Guarded by mutex_. When it last answered
  bool reachable_ = true;                // Guarded by mutex_.
  std::uint64_t generation_ = 1;         // Guarded by mutex_. Of listings that count
  std::map<std::string, Scope> scopes_;  // Guarded by mutex_.
  std::map<std::string, int> refused_;   // Guarded by mutex_. With what status, by what was told
  bool relist_ = false;                  // Guarded by mutex_.
  std::optional<SourceReport> report_;   // Guarded by mutex_. To be told
};

}  // namespace storm::agent
