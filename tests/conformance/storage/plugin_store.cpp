#include "plugin_store.hpp"

#include <dlfcn.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "catch.hpp"
#include "storm/cpp/text.hpp"

// What a call's failure is written to; ours, since we are the host.
struct storm_error {
  int faults = 0;
  storm_rc code = STORM_OK;
  std::string message;
};

namespace storm::conformance {
namespace {

using sdk::str;
using sdk::view;

void fail(const storm_host*, storm_error* error, const storm_fault* fault) {
  ++error->faults;
  error->code = fault->code;
  error->message = view(fault->message);
}

std::int64_t mono_ns(const storm_host*) {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}
std::int64_t wall_ns(const storm_host*) {
  return std::chrono::system_clock::now().time_since_epoch().count();
}
constexpr storm_clock_v1 kClock{sizeof kClock, 0, &mono_ns, &wall_ns};

// No call of the suite is ever cancelled.
storm_rc cancelled(const storm_host*, const storm_call*) { return STORM_OK; }
std::int32_t cancel_fd(const storm_host*, const storm_call*) { return -1; }
storm_rc sleep(const storm_host*, const storm_call*, std::int64_t nanoseconds) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
  return STORM_OK;
}
constexpr storm_calls_v1 kCalls{sizeof kCalls, 0, &cancelled, &cancel_fd, &sleep, nullptr, nullptr};

const void* service(const storm_host*, const char* id) {
  if (std::strcmp(id, "storm.host.clock/1") == 0) return &kClock;
  if (std::strcmp(id, "storm.host.calls/1") == 0) return &kCalls;
  return nullptr;
}

std::vector<storm_row> raw_rows(const std::vector<StoredRow>& rows) {
  std::vector<storm_row> raw;
  raw.reserve(rows.size());
  for (const StoredRow& row : rows) {
    raw.push_back({sizeof(storm_row), 0, str(row.space), str(row.key), str(row.value), 0});
  }
  return raw;
}

struct Listing {
  std::string space;
  const StoreUnderTest::TakeRow* take;
};

storm_rc take_rows(const storm_rows* self, storm_list puts, storm_list, std::uint64_t) {
  const auto& listing = *static_cast<const Listing*>(self->ctx);
  for (const storm_row& row : sdk::List<storm_row>(puts)) {
    const storm_rc code = (*listing.take)({std::string(view(row.space)), std::string(view(row.key)),
                                           std::string(view(row.value)), row.revision});
    if (code < 0) return code;
  }
  return STORM_OK;
}

}  // namespace

template <typename Body>
Outcome PluginStore::call(std::uint32_t thread_class, const Body& body) {
  storm_error error;
  storm_call raw{};
  raw.size = sizeof raw;
  raw.thread_class = thread_class;
  raw.deadline_mono_ns = INT64_MAX;
  raw.err = &error;
  Outcome outcome;
  outcome.code = body(&raw, outcome);
  outcome.message = error.message;
  if (outcome.code < 0 && (error.faults != 1 || error.code != outcome.code)) {
    breaches_ += "code " + std::to_string(outcome.code) + " with " + std::to_string(error.faults) +
                 " faults of code " + std::to_string(error.code) + "\n";
  }
  if (outcome.code >= 0 && error.faults != 0) breaches_ += "a fault beside success\n";
  return outcome;
}

PluginStore::PluginStore(const char* library, const char* entry, std::string config)
    : config_(std::move(config)) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) FAIL(dlerror());
  const auto function = reinterpret_cast<storm_entry_fn>(dlsym(handle, entry));
  if (function == nullptr) FAIL("the library does not export " << entry);
  plugin_ = function(STORM_ABI_MAJOR, STORM_ABI_MINOR);
  REQUIRE(plugin_ != nullptr);
  table_ = static_cast<const storm_storage_v1*>(plugin_->iface(STORM_STORAGE_V1));
  REQUIRE(table_ != nullptr);
  host_.size = sizeof host_;
  host_.abi_major = STORM_ABI_MAJOR;
  host_.abi_minor = STORM_ABI_MINOR;
  host_.name = str("conformance");
  host_.instance = str("store");
  host_.service = &service;
  host_.fail = &fail;
}

PluginStore::~PluginStore() {
  if (instance_ == nullptr) return;
  close();
}

Outcome PluginStore::open() {
  Outcome outcome = call(STORM_T_CTL, [&](const storm_call* raw, Outcome&) {
    return plugin_->create(&host_, raw, str(config_), &instance_);
  });
  if (!outcome.ok()) {
    instance_ = nullptr;
    return outcome;
  }
  outcome = call(STORM_T_CTL, [&](const storm_call* raw, Outcome&) {
    return plugin_->start(instance_, raw, storm_str{});
  });
  info_ = {};
  info_.size = sizeof info_;
  if (outcome.ok()) {
    outcome = call(STORM_T_CTL, [&](const storm_call* raw, Outcome& result) {
      const storm_rc code = table_->open(instance_, raw, &info_);
      result.revision = info_.revision;
      return code;
    });
  }
  if (!outcome.ok()) {
    plugin_->destroy(instance_);
    instance_ = nullptr;
  }
  return outcome;
}

Outcome PluginStore::load(std::string_view space, const TakeRow& take) {
  Listing listing{std::string(space), &take};
  const storm_rows sink{sizeof(storm_rows), 0, &listing, &take_rows};
  return call(STORM_T_WORK, [&](const storm_call* raw, Outcome&) {
    return table_->load(instance_, raw, str(space), &sink);
  });
}

Outcome PluginStore::apply(const Change& change) {
  const auto puts = raw_rows(change.puts);
  const auto deletes = raw_rows(change.deletes);
  storm_txn txn{};
  txn.size = sizeof txn;
  std::memcpy(txn.txn_id, change.id.data(), change.id.size());
  txn.expect_revision = change.expect_revision;
  txn.fence = change.fence;
  txn.puts = sdk::list_of(puts);
  txn.deletes = sdk::list_of(deletes);
  return call(STORM_T_WORK, [&](const storm_call* raw, Outcome& result) {
    return table_->apply(instance_, raw, &txn, &result.revision);
  });
}

Outcome PluginStore::close() {
  const Outcome outcome = call(
      STORM_T_CTL, [&](const storm_call* raw, Outcome&) { return table_->close(instance_, raw); });
  call(STORM_T_CTL,
       [&](const storm_call* raw, Outcome&) { return plugin_->quiesce(instance_, raw, nullptr); });
  plugin_->destroy(instance_);
  instance_ = nullptr;
  return outcome;
}

}  // namespace storm::conformance
