#include "core/engine/scan_pool.hpp"

#include <algorithm>
#include <chrono>

namespace storm {
namespace {

// How long a thread waits for parts that others do before it looks whether it should pause.
constexpr std::chrono::milliseconds kTailWait(1);

}  // namespace

bool ScanJob::work() {
  std::size_t mine = 0;
  {
    const std::lock_guard lock(mutex_);
    if (next_ >= parts_) return false;
    mine = next_++;
    ++being_done_;
  }
  part_(mine);
  // Under the lock to the end: whoever sees it done may destroy the job's data.
  const std::lock_guard lock(mutex_);
  --being_done_;
  if (being_done_ == 0 && next_ >= parts_) ended_.notify_all();
  return true;
}

bool ScanJob::run(const std::function<bool()>& pause) {
  while (work()) {
    if (pause()) return false;
  }
  const auto is_done = [this] {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, kTailWait, [this] { return being_done_ == 0; });
  };
  while (!is_done()) {
    if (pause()) return false;
  }
  return true;
}

void ScanJob::cancel() {
  std::unique_lock lock(mutex_);
  parts_ = next_;
  ended_.wait(lock, [this] { return being_done_ == 0; });
}

std::size_t ScanPool::threads_for_this_machine() {
  const std::size_t cores = std::max<std::size_t>(std::thread::hardware_concurrency(), 2);
  return std::min(cores - 1, kScanThreadsMax);
}

ScanPool::ScanPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ScanPool::~ScanPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  filled_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ScanPool::help(std::shared_ptr<ScanJob> job) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || jobs_.size() >= kScanJobsMax) return;
    jobs_.push_back(std::move(job));
  }
  filled_.notify_all();
}

void ScanPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    filled_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    std::shared_ptr<ScanJob> job = std::move(jobs_.front());
    jobs_.pop_front();
    jobs_.push_back(job);
    lock.unlock();
    const bool more = job->work();
    lock.lock();
    if (!more) std::erase(jobs_, job);
  }
}

}  // namespace storm
