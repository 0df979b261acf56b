// A storage plugin in C++: derive from Storage, register with STORM_STORAGE_PLUGIN.
//
//   class Store final : public storm::sdk::Storage {
//    public:
//     Store(storm::sdk::Host host, std::string_view config_json);
//     StoreInfo open(const Call&) override;
//     void load(const Call&, std::string_view space, const RowSink& rows) override;
//     std::uint64_t apply(const Call&, const Transaction& txn) override;   // a Fault: nothing done
//     void close(const Call&) override;
//   };
//   STORM_STORAGE_PLUGIN(store, Store, kConfigSchema)
#pragma once
#include <algorithm>
#include <array>
#include <cstring>

#include "storm/cpp/plugin.hpp"
#include "storm/storage.h"

namespace storm::sdk {

struct StoreInfo {
  std::uint32_t caps = 0;  // STORM_STORE_*
  std::uint64_t revision = 0;
};

struct Lease {
  std::uint64_t fence = 0;
  std::int64_t expires_mono_ns = 0;
};

// Borrowed from the call.
struct Transaction {
  std::array<std::uint8_t, 16> txn_id;
  std::uint64_t expect_revision;
  std::uint64_t fence;
  List<storm_row> puts;
  List<storm_row> deletes;

  bool has_id() const {
    return std::ranges::any_of(txn_id, [](std::uint8_t byte) { return byte != 0; });
  }
};

inline storm_row row_of(std::string_view space, std::string_view key, std::string_view value,
                        std::uint64_t revision) {
  return {sizeof(storm_row), 0, str(space), str(key), str(value), revision};
}

// Where rows go. On the thread of the call; throws Fault when the host ends the listing.
class RowSink {
 public:
  explicit RowSink(const storm_rows* rows) : rows_(rows) {}

  template <typename Rows>
  void puts(const Rows& rows, std::uint64_t revision) const {
    write(list_of(rows), storm_list{nullptr, 0, sizeof(storm_row)}, revision);
  }
  void write(storm_list puts, storm_list deletes, std::uint64_t revision) const {
    const storm_rc rc = rows_->rows(rows_, puts, deletes, revision);
    if (rc < 0) throw Fault(rc, "the host ended the listing");
  }

 private:
  const storm_rows* rows_;
};

// Threads and meaning of each function are those of storm/storage.h.
class Storage : public PluginObject {
 public:
  virtual StoreInfo open(const Call&) = 0;
  virtual void load(const Call&, std::string_view space, const RowSink&) = 0;
  // The revision of the transaction. [work], never two at once
  virtual std::uint64_t apply(const Call&, const Transaction&) = 0;
  virtual void close(const Call&) = 0;
  // Optional, with STORM_STORE_WATCH and STORM_STORE_LEASE.
  virtual void watch(const Call&, std::uint64_t /*after*/, const RowSink&) {}
  virtual Lease lease_acquire(const Call&, std::string_view /*name*/, std::string_view /*holder*/,
                              std::uint64_t /*ttl_ms*/) {
    return {};
  }
  virtual Lease lease_renew(const Call&, std::string_view /*name*/, const Lease& held) {
    return held;
  }
  virtual void lease_release(const Call&, std::string_view /*name*/, const Lease&) {}
};

namespace detail {

template <typename T>
struct StorageKind {
  static constexpr const char* kInterface = STORM_STORAGE_V1;

  // Fills in no more of `out` than its owner declared.
  template <typename Struct>
  static void fill(Struct* out, Struct value) {
    value.size = out->size;
    std::memcpy(out, &value, std::min<std::size_t>(out->size, sizeof value));
  }

  static storm_rc open(storm_inst* inst, const storm_call* raw, storm_store_info* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      const StoreInfo info = self.open(call);
      fill(out, storm_store_info{0, info.caps, info.revision});
    });
  }
  static storm_rc load(storm_inst* inst, const storm_call* raw, storm_str space,
                       const storm_rows* rows) noexcept {
    return enter<T>(
        inst, raw, [&](T& self, const Call& call) { self.load(call, view(space), RowSink(rows)); });
  }
  static storm_rc apply(storm_inst* inst, const storm_call* raw, const storm_txn* txn,
                        std::uint64_t* revision) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      Transaction transaction{{},
                              txn->expect_revision,
                              txn->fence,
                              List<storm_row>(txn->puts),
                              List<storm_row>(txn->deletes)};
      std::memcpy(transaction.txn_id.data(), txn->txn_id, transaction.txn_id.size());
      *revision = self.apply(call, transaction);
    });
  }
  static storm_rc watch(storm_inst* inst, const storm_call* raw, std::uint64_t after,
                        const storm_rows* rows) noexcept {
    return enter<T>(inst, raw,
                    [&](T& self, const Call& call) { self.watch(call, after, RowSink(rows)); });
  }
  static storm_rc lease_acquire(storm_inst* inst, const storm_call* raw, storm_str name,
                                storm_str holder, std::uint64_t ttl_ms, storm_lease* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      const Lease lease = self.lease_acquire(call, view(name), view(holder), ttl_ms);
      fill(out, storm_lease{0, 0, lease.fence, lease.expires_mono_ns});
    });
  }
  static storm_rc lease_renew(storm_inst* inst, const storm_call* raw, storm_str name,
                              storm_lease* held) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      const Lease lease =
          self.lease_renew(call, view(name), Lease{held->fence, held->expires_mono_ns});
      fill(held, storm_lease{0, 0, lease.fence, lease.expires_mono_ns});
    });
  }
  static storm_rc lease_release(storm_inst* inst, const storm_call* raw, storm_str name,
                                const storm_lease* held) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      self.lease_release(call, view(name), Lease{held->fence, held->expires_mono_ns});
    });
  }
  static storm_rc close(storm_inst* inst, const storm_call* raw) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { self.close(call); });
  }

  static constexpr bool kWatches = overrides<decltype(&T::watch), decltype(&Storage::watch)>;
  static constexpr bool kLeases =
      overrides<decltype(&T::lease_acquire), decltype(&Storage::lease_acquire)>;
  static constexpr storm_storage_v1 kTable = {
      sizeof(storm_storage_v1),
      0,
      &open,
      &load,
      &apply,
      kWatches ? &watch : nullptr,
      kLeases ? &lease_acquire : nullptr,
      kLeases ? &lease_renew : nullptr,
      kLeases ? &lease_release : nullptr,
      &close,
  };
};

}  // namespace detail
}  // namespace storm::sdk

#define STORM_STORAGE_PLUGIN(name, Class, schema) \
  STORM_SDK_PLUGIN(name, "storage", ::storm::sdk::detail::StorageKind, Class, schema)
