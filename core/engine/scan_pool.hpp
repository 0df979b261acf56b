// ScanPool: threads that help whoever has much to look at. The work is a job of many small parts
// that can be done in any order; whoever has it does parts as well, so it ends even when all
// threads help others. Owned by the engine, handed down. [any-thread]
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace storm {

inline constexpr std::size_t kScanThreadsMax = 64;
// Jobs that are helped at a time; whoever has one more does it alone.
inline constexpr std::size_t kScanJobsMax = 64;

class ScanJob {
 public:
  // Calls `part` with each number below `parts` once, from many threads at a time.
  ScanJob(std::size_t parts, std::function<void(std::size_t)> part)
      : part_(std::move(part)), parts_(parts) {}

  // Does the next part; false when none is left to begin.
  bool work();
  // Does parts until all are done by whomever (true), or `pause()` says so after one (false).
  bool run(const std::function<bool()>& pause);
  // No more parts are begun; waits for those that are being done.
  void cancel();

 private:
  const std::function<void(std::size_t)> part_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t parts_;     // Guarded by mutex_, as all below.
  std::size_t next_ = 0;  // that nobody has begun
  std::size_t being_done_ = 0;
};

class ScanPool {
 public:
  explicit ScanPool(std::size_t threads);
  ~ScanPool();  // ends after the parts that are being done

  // So many that, with the thread that has the job, every core is used.
  static std::size_t threads_for_this_machine();

  std::size_t threads() const { return threads_.size(); }
  // Helps until no part is left to begin.
  void help(std::shared_ptr<ScanJob> job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::shared_ptr<ScanJob>> jobs_;  // Guarded by mutex_. Helped in turn.
  bool ending_ = false;                        // Guarded by mutex_.
  std::vector<std::thread> threads_;
};

}  // namespace storm
