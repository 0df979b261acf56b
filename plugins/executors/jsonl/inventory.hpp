// Shows a file of resources: lists it, follows what is appended, and lists it again when it is
// another one. Owned by one watch call, used on its thread only.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "plugins/executors/jsonl/file_watch.hpp"
#include "plugins/executors/jsonl/followed_file.hpp"
#include "plugins/executors/jsonl/line_parser.hpp"
#include "plugins/executors/jsonl/settings.hpp"
#include "storm/cpp/batch.hpp"
#include "storm/cpp/host.hpp"

namespace storm::jsonl {

class Inventory {
 public:
  // All outlive this. `epoch`: of the last listing of any watch of the instance.
  Inventory(const Settings& settings, const sdk::Host& host, const sdk::Call& call,
            const sdk::Feed& feed, std::atomic<std::uint64_t>& epoch);

  // Returns when the call was cancelled or superseded. Throws sdk::Fault when the file is there and
  // cannot be read.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kBatchResources = 2'000;
  static constexpr std::size_t kBatchBytes = 8UL * 1024 * 1024;  // of snapshots
  static constexpr std::uint64_t kBadLinesLogged = 20;  // of one listing and what follows it
  static constexpr std::chrono::seconds kReportEvery{1};

  // Each is false when the call is over.
  bool list(FollowedFile& file);
  bool follow(FollowedFile& file);
  bool wait_for_file();
  bool take_lines(FollowedFile& file);
  bool take(const Line& line, Change change);
  bool flush();
  bool flush_one_by_one();

  void refuse(std::uint64_t line, const std::string& reason);
  void report(bool listed);

  const Settings& settings_;
  const sdk::Host& host_;
  const sdk::Call& call_;
  const sdk::Feed& feed_;
  std::atomic<std::uint64_t>& epoch_;
  FileWatch watch_;
  LineParser parser_;

  sdk::Batch batch_;
  std::vector<std::uint64_t> lines_;         // of the batch's resources, in their order
  std::unordered_set<std::string> removed_;  // by the batch
  bool begins_ = false;                      // the batch begins, or ends, a listing
  bool ends_ = false;
  std::uint64_t bad_lines_ = 0;  // of this file
  std::uint64_t bad_lines_reported_ = 0;
  std::string last_bad_;
  Clock::time_point reported_;
};

}  // namespace storm::jsonl
