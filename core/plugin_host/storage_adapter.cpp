#include "core/plugin_host/storage_adapter.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin_host/abi_text.hpp"
#include "storm/storage.h"

namespace storm {
namespace {

constexpr std::int64_t kOpenTimeout = 60 * kNanosecondsPerSecond;  // an older format is migrated
constexpr std::int64_t kApplyTimeout = 30 * kNanosecondsPerSecond;
constexpr std::int64_t kCloseTimeout = 2 * kNanosecondsPerSecond;

// Takes the rows of one listing. Each row is copied before anybody else sees it.
struct Listing {
  Listing(std::string_view space_of, const std::function<Result<void>(Row)>& receiver)
      : space(space_of), each(receiver), raw{sizeof(storm_rows), 0, this, &Listing::rows} {}

  static storm_rc rows(const storm_rows* sink, storm_list puts, storm_list, std::uint64_t) {
    return static_cast<Listing*>(sink->ctx)->take(puts);
  }
  storm_rc take(storm_list puts) {
    if (puts.n > 0 && (!puts.p || puts.stride < sizeof(storm_row))) {
      error = Error{Errc::PluginFault, "the store listed rows of a wrong size"};
      return STORM_E_INVALID;
    }
    for (std::uint32_t i = 0; i < puts.n; ++i) {
      const auto& row = *reinterpret_cast<const storm_row*>(static_cast<const char*>(puts.p) +
                                                            std::size_t{i} * puts.stride);
      Result<void> taken = each(
          {std::string(space), std::string(text_of(row.key)), std::string(text_of(row.value))});
      if (!taken) {
        error = std::move(taken).error();
        return STORM_E_CANCELLED;
      }
    }
    return STORM_OK;
  }

  const std::string_view space;
  const std::function<Result<void>(Row)>& each;
  const storm_rows raw;
  std::optional<Error> error;
};

// The limits that every store must take are the ones that we keep to.
Result<std::vector<storm_row>> rows_of(std::span<const Row> rows) {
  std::vector<storm_row> out;
  out.reserve(rows.size());
  for (const Row& row : rows) {
    if (row.space.size() > kSpaceBytesMax || row.key.size() > kKeyBytesMax ||
        row.value.size() > kValueBytesMax) {
      return Error{Errc::TooLarge, fmt::format("row {} of {} is larger than a store takes",
                                               one_line(row.key), one_line(row.space))};
    }
    out.push_back({sizeof(storm_row), 0, to_abi(row.space), to_abi(row.key), to_abi(row.value), 0});
  }
  return out;
}

storm_list list_of(const std::vector<storm_row>& rows) {
  return {rows.data(), static_cast<std::uint32_t>(rows.size()), sizeof(storm_row)};
}

}  // namespace

StorageAdapter::StorageAdapter(std::shared_ptr<PluginInstance> instance, bool durable)
    : instance_(std::move(instance)), durable_(durable) {}

StorageAdapter::~StorageAdapter() {
  if (Result<void> stopped = stop(); !stopped) {
    instance_->services().log().error("{}", stopped.error().message);
  }
}

Result<std::unique_ptr<StorageAdapter>> StorageAdapter::open(
    std::shared_ptr<PluginInstance> instance) {
  const auto& table = instance->table<storm_storage_v1>();
  if (!table.open || !table.load || !table.apply || !table.close) {
    return Error{
        Errc::PluginFault,
        fmt::format("{}: its storage table has no open, load, apply or close", instance->name())};
  }
  storm_store_info info{};
  info.size = sizeof info;
  PluginCall call(instance->clock(), STORM_T_CTL, kOpenTimeout);
  STORM_TRY(call.run(instance->name(), "open",
                     [&] { return table.open(instance->handle(), call.raw(), &info); }));
  const bool durable = (info.caps & STORM_STORE_DURABLE) != 0;
  return std::unique_ptr<StorageAdapter>(new StorageAdapter(std::move(instance), durable));
}

Result<void> StorageAdapter::load(std::string_view space,
                                  const std::function<Result<void>(Row)>& each) {
  const auto& table = instance_->table<storm_storage_v1>();
  Listing listing(space, each);
  PluginCall call(instance_->clock(), STORM_T_WORK);
  const auto loaded = call.run(instance_->name(), "load", [&] {
    return table.load(instance_->handle(), call.raw(), to_abi(space), &listing.raw);
  });
  if (listing.error) return *listing.error;
  if (!loaded) return loaded.error();
  return {};
}

Result<void> StorageAdapter::apply(const Transaction& transaction) {
  const std::size_t rows = transaction.puts.size() + transaction.deletes.size();
  if (rows > kTransactionRowsMax) {
    return Error{Errc::TooLarge, fmt::format("a transaction of {} rows, at most {} are allowed",
                                             rows, kTransactionRowsMax)};
  }
  const std::vector<storm_row> puts = STORM_TRY(rows_of(std::span(transaction.puts)));
  const std::vector<storm_row> deletes = STORM_TRY(rows_of(std::span(transaction.deletes)));
  storm_txn raw{};
  raw.size = sizeof raw;
  raw.puts = list_of(puts);
  raw.deletes = list_of(deletes);
  const auto& table = instance_->table<storm_storage_v1>();
  std::uint64_t revision = 0;  // of the store; ours is in the rows
  PluginCall call(instance_->clock(), STORM_T_WORK, kApplyTimeout);
  STORM_TRY(call.run(instance_->name(), "apply", [&] {
    return table.apply(instance_->handle(), call.raw(), &raw, &revision);
  }));
  return {};
}

Result<void> StorageAdapter::stop() {
  if (instance_->state() != PluginState::Started) return {};
  auto closed = std::make_shared<Result<void>>();
  const bool in_time = run_within(kCloseTimeout, [instance = instance_, closed] {
    const auto& table = instance->table<storm_storage_v1>();
    PluginCall call(instance->clock(), STORM_T_CTL, kCloseTimeout);
    const auto code = call.run(instance->name(), "close",
                               [&] { return table.close(instance->handle(), call.raw()); });
    if (!code) *closed = code.error();
  });
  if (!in_time) {
    instance_->abandon();
    return Error{Errc::TimedOut,
                 fmt::format("{}: close did not return within {} s; the store is left behind until "
                             "the process ends",
                             instance_->name(), kCloseTimeout / kNanosecondsPerSecond)};
  }
  Result<void> stopped = instance_->stop();
  if (!*closed) return closed->error();
  return stopped;
}

}  // namespace storm
