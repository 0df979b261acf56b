#include "plugin_check/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "core/plugin_host/executor_adapter.hpp"

namespace storm::plugin_check {
namespace {

constexpr int kListSeconds = 5;
constexpr double kLostSeconds = 0.3;  // a source that is lost so long is not there

}  // namespace

KeepingFeed::KeepingFeed(CheckedInstance& instance, std::string scope)
    : instance_(instance),
      scope_(std::move(scope)),
      feed_{sizeof(storm_feed), 0, this, &KeepingFeed::publish} {}

storm_rc KeepingFeed::publish(const storm_feed* feed, const storm_call* call,
                              const storm_batch* batch) noexcept {
  auto& self = *static_cast<KeepingFeed*>(feed->ctx);
  if (!call || !batch) {
    self.instance_.context().error("publish is called without a call or a batch");
    return STORM_E_INVALID;
  }
  if (call->cancel->cancelled()) return STORM_E_CANCELLED;
  return self.take(*batch);
}

storm_rc KeepingFeed::take(const storm_batch& raw) {
  Result<DiscoveryBatch> batch = read_batch(raw);
  const std::lock_guard lock(mutex_);
  ++published_;
  changed_.notify_all();
  if (answer_) {
    ++refused_;
    return *answer_;
  }
  std::string fault;
  if (!batch) {
    fault = batch.error().message;
  } else if (batch->scope != scope_) {
    fault = fmt::format("a batch of the scope \"{}\" is published in \"{}\"", batch->scope, scope_);
  }
  if (!fault.empty()) {
    if (!broken_) instance_.context().error("a batch breaks a rule of storm/executor.h: " + fault);
    broken_ = true;
    return STORM_E_INVALID;
  }
  if (raw.bookmark.n > 0) bookmark_ = text_of(raw.bookmark);
  listed_ |= batch->sync_end;
  batches_.push_back(std::move(*batch));
  return STORM_OK;
}

void KeepingFeed::refuse(storm_rc code) {
  const std::lock_guard lock(mutex_);
  answer_ = code;
}

bool KeepingFeed::wait_listed(double seconds) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                           [&] { return listed_ || broken_ || refused_ > 0; });
}

bool KeepingFeed::wait_published(std::size_t batches, double seconds) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                           [&] { return published_ >= batches; });
}

std::size_t KeepingFeed::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::size_t KeepingFeed::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::vector<DiscoveryBatch> KeepingFeed::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

std::string KeepingFeed::bookmark() const {
  const std::lock_guard lock(mutex_);
  return bookmark_;
}

std::vector<std::string> Listing::uids() const {
  std::set<std::string> uids;
  for (const DiscoveryBatch& batch : batches) {
    if (batch.sync_begin) uids.clear();
    for (const DiscoveredResource& resource : batch.upserts) uids.insert(resource.uid);
    for (const std::string& uid : batch.removals) uids.erase(uid);
    if (batch.sync_end) break;
  }
  return {uids.begin(), uids.end()};
}

std::vector<std::string> scopes_of(CheckedInstance& instance) {
  const auto& table = instance.table<storm_executor_v1>();
  TextOut out;
  instance.context().step("describe");
  if (!table.describe) return {""};
  instance.call("describe", STORM_T_WORK, [&](const storm_call* raw) {
    return table.describe(instance.handle(), raw, out.raw());
  });
  const auto description = read_description(out.text());
  return description ? description->scopes : std::vector<std::string>{""};
}

Listing list_scope(CheckedInstance& instance, const std::string& scope) {
  const auto& table = instance.table<storm_executor_v1>();
  KeepingFeed feed(instance, scope);
  Listing listing;
  if (STORM_HAS(storm_executor_v1, &table, sync)) {
    instance.context().step("sync of the scope \"" + scope + "\"");
    RunningCall call(instance, "sync", STORM_T_WORK, [&](const storm_call* raw) {
      return table.sync(instance.handle(), raw, to_abi(scope), feed.raw());
    });
    call.wait(kListSeconds * instance.context().patience);
    call.end();
    listing.answer = call.answer();
  } else if (STORM_HAS(storm_executor_v1, &table, watch)) {
    instance.context().step("watch of the scope \"" + scope + "\"");
    RunningCall call(instance, "watch", STORM_T_WATCH, [&](const storm_call* raw) {
      return table.watch(instance.handle(), raw, to_abi(scope), storm_str{}, feed.raw());
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto late = [&] {
      const bool lost = !instance.host().lost().empty();
      return std::chrono::steady_clock::now() - begin >
             std::chrono::duration<double>(lost ? kLostSeconds
                                                : kListSeconds * instance.context().patience);
    };
    while (!feed.wait_listed(0.02) && !call.wait(0) && !late()) {
    }
    call.end();
    listing.answer = call.answer();
  }
  listing.batches = feed.batches();
  listing.bookmark = feed.bookmark();
  const auto ends = [](const DiscoveryBatch& batch) { return batch.sync_end; };
  listing.complete = std::ranges::any_of(listing.batches, ends);
  return listing;
}

}  // namespace storm::plugin_check
