#include "core/engine/store_writer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "core/document/json.hpp"

namespace storm {
namespace {

// Rows gather for so long, so that quick successions of changes become one.
constexpr std::chrono::milliseconds kGatherTime(50);
// A store that refuses is tried again after this.
constexpr std::chrono::milliseconds kRetryTime(1000);

template <typename T>
std::optional<std::string> json_row(const T* item) {
  if (!item) return std::nullopt;
  return to_json(to_value(**item));
}

void add_row(Transaction& transaction, std::string_view space, std::string key,
             std::optional<std::string> value) {
  if (value) {
    transaction.puts.push_back({std::string(space), std::move(key), std::move(*value)});
  } else {
    transaction.deletes.push_back({std::string(space), std::move(key), {}});
  }
}

void add_entity(Transaction& transaction, const State& state, const Id& id,
                DictionariesByKey& needed) {
  add_row(transaction, collection_of(id.kind), to_base62(id.uuid), row_of(state, id, needed));
}

void add_event(Transaction& transaction, const State& state, std::uint64_t number) {
  const auto* event = state.events.get(number);
  add_row(transaction, kEventSpace, event_key(number),
          event ? std::optional(to_json(to_row_value(**event))) : std::nullopt);
}

void add_events_up_to(Transaction& transaction, std::uint64_t revision) {
  transaction.puts.push_back(
      {std::string(kMetaSpace), std::string(kEventsUpToKey), std::to_string(revision)});
}

}  // namespace

std::string event_key(std::uint64_t number) { return fmt::format("{:020}", number); }

std::optional<std::string> row_of(const State& state, const Id& id, DictionariesByKey& needed) {
  switch (id.kind) {
    case EntityKind::Agent: {
      const auto* agent = state.agents.get(id.uuid);
      return agent ? std::optional(to_row(**agent)) : std::nullopt;
    }
    case EntityKind::Resource: {
      const auto* resource = state.resources.get(id.uuid);
      if (!resource) return std::nullopt;
      if (const PackedText& snapshot = (*resource)->snapshot; snapshot && snapshot.dictionary()) {
        needed.emplace(snapshot.dictionary()->key(), snapshot.dictionary());
      }
      return to_row(**resource);
    }
    case EntityKind::Group: {
      const LiveGroup* live = state.groups.get(id.uuid);
      return live ? std::optional(to_row(*live->group)) : std::nullopt;
    }
    case EntityKind::Job: {
      const auto* job = state.jobs.get(id.uuid);
      return job ? std::optional(to_row(**job)) : std::nullopt;
    }
    case EntityKind::Application:
      return json_row(state.applications.get(id.uuid));
    case EntityKind::Procedure:
      return json_row(state.procedures.get(id.uuid));
    case EntityKind::Subscription:
      return json_row(state.subscriptions.get(id.uuid));
    case EntityKind::View: {
      const LiveView* live = state.views.get(id.uuid);
      return live ? json_row(&live->view) : std::nullopt;
    }
  }
  return std::nullopt;
}

StoreWriter::StoreWriter(Storage& storage, std::function<Snapshot()> current)
    : storage_(storage), current_(std::move(current)) {}

StoreWriter::~StoreWriter() { stop(); }

void StoreWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void StoreWriter::stop() {
  {
    const std::lock_guard lock(waiting_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<Touched> StoreWriter::commit(const Touched& touched, const State& state, bool all) {
  Transaction transaction;
  DictionariesByKey needed;
  Touched later;
  for (const Id& id : touched.entities) {
    const bool fits = transaction.puts.size() + transaction.deletes.size() < kCommitRowsMax;
    if (fits || id.kind != EntityKind::Resource || state.exists(id)) {
      add_entity(transaction, state, id, needed);
    } else {
      later.entities.insert(id);
    }
  }
  for (const std::uint64_t number : touched.events) {
    if (transaction.puts.size() + transaction.deletes.size() < kCommitRowsMax) {
      add_event(transaction, state, number);
    } else {
      later.events.insert(number);
    }
  }
  const std::lock_guard storage_lock(storage_mutex_);
  {
    const std::lock_guard lock(waiting_mutex_);
    all = all && later.events.empty() && waiting_.events.empty();
  }
  if (all) add_events_up_to(transaction, state.revision);
  Result<void> outcome = apply(transaction, needed);
  if (outcome && all) events_up_to_ = state.revision;
  {
    const std::lock_guard lock(waiting_mutex_);
    if (outcome) {
      // Already newer than what waits.
      for (const Id& id : touched.entities) waiting_.entities.erase(id);
      for (const std::uint64_t number : touched.events) waiting_.events.erase(number);
      ++counters_.commits;
    } else {
      ++counters_.commit_failures;
    }
  }
  note(outcome);
  if (!outcome) return outcome.error();
  return later;
}

void StoreWriter::write_behind(Touched touched) {
  const Snapshot state = current_();
  {
    const std::lock_guard lock(waiting_mutex_);
    noted_ = state->revision;
    if (touched.entities.empty() && touched.events.empty()) return;
    // An event that went before it was stored is forgotten: what waits stays bounded by what is
    // kept.
    std::erase_if(touched.events, [&](std::uint64_t number) {
      return waiting_.events.erase(number) > 0 && !state->events.contains(number);
    });
    waiting_.merge(std::move(touched));
  }
  wake_.notify_one();
}

Result<void> StoreWriter::put_meta(std::string key, std::string value) {
  Transaction transaction;
  transaction.puts.push_back({std::string(kMetaSpace), std::move(key), std::move(value)});
  const std::lock_guard storage_lock(storage_mutex_);
  return storage_.apply(transaction);
}

Result<void> StoreWriter::apply(Transaction& transaction, const DictionariesByKey& needed) {
  std::vector<std::string> added;
  for (const auto& [key, dictionary] : needed) {
    if (dictionaries_.contains(key)) continue;
    added.emplace_back(key);
    transaction.puts.push_back(
        {std::string(kDictionarySpace), std::string(key), dictionary->bytes()});
  }
  STORM_TRY(storage_.apply(transaction));
  dictionaries_.insert(added.begin(), added.end());
  return {};
}

void StoreWriter::run() {
  for (;;) {
    {
      std::unique_lock lock(waiting_mutex_);
      wake_.wait(lock, [this] {
        return stopping_ || !waiting_.entities.empty() || !waiting_.events.empty();
      });
      if (!stopping_) wake_.wait_for(lock, kGatherTime, [this] { return stopping_; });
    }
    while (write_chunk()) {
    }
    std::unique_lock lock(waiting_mutex_);
    if (stopping_) return;
    if (failure_) wake_.wait_for(lock, kRetryTime, [this] { return stopping_; });
  }
}

bool StoreWriter::write_chunk() {
  const std::lock_guard storage_lock(storage_mutex_);
  Touched chunk;
  std::uint64_t up_to = 0;
  {
    const std::lock_guard lock(waiting_mutex_);
    // Events first, so that after a crash nobody lacks one of what the rows already say; but rows
    // are not to starve either.
    const std::size_t events = kBehindChunk - std::min(waiting_.entities.size(), kBehindChunk / 2);
    while (chunk.events.size() < events && !waiting_.events.empty()) {
      chunk.events.insert(waiting_.events.extract(waiting_.events.begin()));
    }
    while (chunk.entities.size() + chunk.events.size() < kBehindChunk &&
           !waiting_.entities.empty()) {
      chunk.entities.insert(waiting_.entities.extract(waiting_.entities.begin()));
    }
    const bool rows_ahead = !chunk.entities.empty() && !waiting_.events.empty();
    up_to = rows_ahead ? 0 : waiting_.events.empty() ? noted_ : *waiting_.events.begin() - 1;
  }
  if (chunk.entities.empty() && chunk.events.empty()) return false;
  const Snapshot state = current_();
  Transaction transaction;
  DictionariesByKey needed;
  for (const Id& id : chunk.entities) add_entity(transaction, *state, id, needed);
  for (const std::uint64_t number : chunk.events) add_event(transaction, *state, number);
  const std::size_t rows = transaction.puts.size() + transaction.deletes.size();
  if (up_to != events_up_to_) add_events_up_to(transaction, up_to);
  Result<void> outcome = apply(transaction, needed);
  if (outcome) events_up_to_ = up_to;
  {
    const std::lock_guard lock(waiting_mutex_);
    if (outcome) {
      counters_.behind_rows += rows;
    } else {
      ++counters_.behind_failures;
      waiting_.entities.merge(chunk.entities);
      waiting_.events.merge(chunk.events);
    }
  }
  const bool written = outcome.has_value();
  note(std::move(outcome));
  return written;
}

void StoreWriter::note(Result<void> outcome) {
  const std::lock_guard lock(waiting_mutex_);
  if (outcome) {
    if (failure_) spdlog::info("store: takes writes again");
    failure_.reset();
  } else {
    if (!failure_ || failure_->message != outcome.error().message) {
      spdlog::error("store: refuses what is written: {}", outcome.error().message);
    }
    failure_ = outcome.error();
  }
}

StoreWriter::Counters StoreWriter::counters() const {
  const std::lock_guard lock(waiting_mutex_);
  Counters counters = counters_;
  counters.behind_waiting = waiting_.entities.size() + waiting_.events.size();
  return counters;
}

Result<void> StoreWriter::health() const {
  const std::lock_guard lock(waiting_mutex_);
  if (failure_) return *failure_;
  return {};
}

}  // namespace storm
