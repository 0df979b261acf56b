// Signals as a queue: a thread of its own takes them, so that one which asks for the end is heard
// whatever the rest of the program waits for. From then on the program has kStopTime; what hangs
// longer is cut off.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace storm {

// What was acknowledged is durable by then, so nothing is lost by leaving.
inline constexpr std::chrono::milliseconds kStopTime(4500);

class Signals {
 public:
  // Blocks TERM, INT and HUP in this thread and those it makes. Requires: no other thread runs yet;
  // made once, never destroyed before the process ends.
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  enum class Wish { Stop, Reload };
  Wish wait();  // for the next one

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  bool stop_ = false;    // Guarded by mutex_.
  bool reload_ = false;  // Guarded by mutex_.
};

}  // namespace storm
