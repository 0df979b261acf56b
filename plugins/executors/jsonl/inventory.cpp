#include "plugins/executors/jsonl/inventory.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "storm/cpp/fault.hpp"

namespace storm::jsonl {
namespace {

constexpr std::string_view kBlanks = " \t\r";

bool may_be_whole(std::string_view line) {
  const std::size_t last = line.find_last_not_of(kBlanks);
  return last != std::string_view::npos && line[last] == '}';
}

}  // namespace

Inventory::Inventory(const Settings& settings, const sdk::Host& host, const sdk::Call& call,
                     const sdk::Feed& feed, std::atomic<std::uint64_t>& epoch)
    : settings_(settings),
      host_(host),
      call_(call),
      feed_(feed),
      epoch_(epoch),
      watch_(settings.path) {}

void Inventory::run() {
  while (!call_.cancelled()) {
    // Watched before it is read, so that no change falls between.
    watch_.arm();
    std::optional<FollowedFile> file = FollowedFile::open(settings_.path);
    if (file ? !list(*file) || !follow(*file) : !wait_for_file()) return;
  }
}

bool Inventory::wait_for_file() {
  std::string missing = "there is no file " + settings_.path;
  std::error_code unknown;  // of the folder that stormd was started in
  if (const auto folder = std::filesystem::current_path(unknown);
      !settings_.path.starts_with('/') && !unknown) {
    missing += " in " + folder.string();
  }
  host_.report(STORM_SOURCE_LOST, missing);
  sdk::Batch doubt;
  doubt.mark_stale();
  if (!feed_.publish(call_, doubt)) return false;
  while (true) {
    if (!watch_.wait(call_, FileWatch::kLookTime)) return false;
    watch_.arm();
    if (FollowedFile::open(settings_.path)) return true;
  }
}

bool Inventory::list(FollowedFile& file) {
  bad_lines_ = bad_lines_reported_ = 0;
  last_bad_.clear();
  batch_ = sdk::Batch();
  lines_.clear();
  removed_.clear();
  batch_.begin_sync(++epoch_);
  begins_ = true;
  if (!take_lines(file)) return false;
  batch_.end_sync();
  ends_ = true;
  if (!flush()) return false;
  report(true);
  return true;
}

bool Inventory::follow(FollowedFile& file) {
  std::chrono::milliseconds longest = FileWatch::kLookTime;
  while (true) {
    if (settings_.follow) {
      const FollowedFile::State state = file.state();
      if (state == FollowedFile::State::Other) return !call_.cancelled();
      if (!take_lines(file) || !flush()) return false;
      longest =
          state == FollowedFile::State::Unsure ? FollowedFile::kSettleTime : FileWatch::kLookTime;
    }
    if (bad_lines_ != bad_lines_reported_) report(false);
    if (!watch_.wait(call_, longest)) return false;
  }
}

bool Inventory::take_lines(FollowedFile& file) {
  while (const std::optional<Line> line = file.next()) {
    if (line->too_long) {
      refuse(line->number,
             "it has more than " + std::to_string(kLineBytesMax) + " bytes, which is too long");
      continue;
    }
    if (line->text.find_first_not_of(kBlanks) == std::string_view::npos) continue;
    if (!take(*line, parser_.parse(line->text))) return false;
  }
  // The last line may lack its end; what is not whole is left to its writer.
  const std::optional<Line> rest = file.unfinished();
  if (!rest || !may_be_whole(rest->text)) return true;
  Change change = parser_.parse(rest->text);
  if (std::holds_alternative<BadLine>(change)) return true;
  file.take_unfinished();
  return take(*rest, std::move(change));
}

bool Inventory::take(const Line& line, Change change) {
  if (const auto* bad = std::get_if<BadLine>(&change)) {
    refuse(line.number, bad->reason);
    return true;
  }
  if (auto* removal = std::get_if<Removal>(&change)) {
    removed_.insert(removal->uid);
    batch_.remove(std::move(removal->uid));
  } else {
    auto& resource = std::get<sdk::Resource>(change);
    // Of one batch, removals come after all else.
    if (removed_.contains(resource.uid) && !flush()) return false;
    lines_.push_back(line.number);
    batch_.upsert(std::move(resource));
  }
  if (batch_.size() < kBatchResources && batch_.snapshot_bytes() < kBatchBytes) return true;
  return flush();
}

bool Inventory::flush() {
  if (batch_.empty()) return true;
  bool going_on = false;
  try {
    going_on = feed_.publish(call_, batch_);
  } catch (const sdk::Fault& fault) {
    if (fault.code() != STORM_E_INVALID || batch_.upserts().empty()) throw;
    going_on = flush_one_by_one();
  }
  host_.count("changes_total", static_cast<double>(batch_.size()));
  batch_.clear();
  lines_.clear();
  removed_.clear();
  begins_ = ends_ = false;
  return going_on;
}

// Something in the batch breaks a rule that only the host knows: that line is skipped like any
// other that is bad, and the rest is taken.
bool Inventory::flush_one_by_one() {
  const auto send = [&](auto&& fill) {
    sdk::Batch part;
    part.set_epoch(epoch_);
    fill(part);
    return part.empty() || feed_.publish(call_, part);
  };
  if (begins_ && !send([&](sdk::Batch& part) { part.begin_sync(epoch_); })) return false;
  for (std::size_t i = 0; i < batch_.upserts().size(); ++i) {
    try {
      if (!send([&](sdk::Batch& part) { part.upsert(batch_.upserts()[i]); })) return false;
    } catch (const sdk::Fault& fault) {
      if (fault.code() != STORM_E_INVALID) throw;
      refuse(lines_[i], "stormd refuses it, its log says why");
    }
  }
  return send([&](sdk::Batch& part) {
    for (const std::string& uid : batch_.removals()) part.remove(uid);
    if (ends_) part.end_sync();
  });
}

void Inventory::refuse(std::uint64_t line, const std::string& reason) {
  last_bad_ = "line " + std::to_string(line) + ": " + reason;
  host_.count("bad_lines_total");
  if (++bad_lines_ > kBadLinesLogged) return;
  host_.warn(settings_.path + ": skipped " + last_bad_);
  if (bad_lines_ == kBadLinesLogged) {
    host_.warn(settings_.path + ": further bad lines are counted and not told one by one");
  }
}

void Inventory::report(bool listed) {
  const Clock::time_point now = Clock::now();
  if (!listed && now - reported_ < kReportEvery) return;
  reported_ = now;
  bad_lines_reported_ = bad_lines_;
  std::string summary = settings_.path + (settings_.follow ? ", followed" : ", read once");
  if (bad_lines_ == 0) return host_.report(STORM_SOURCE_LIVE, summary);
  host_.report(STORM_SOURCE_DEGRADED, summary +
                                          "; bad lines skipped: " + std::to_string(bad_lines_) +
                                          ", the last is " + last_bad_);
}

}  // namespace storm::jsonl
