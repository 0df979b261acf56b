#include "plugin_check/storage_checks.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "core/plugin_host/abi_text.hpp"
#include "storm/cpp/text.hpp"
#include "storm/storage.h"

namespace storm::plugin_check {
namespace {

constexpr const char* kSpace = "check";
constexpr int kRows = 500;

struct Written {
  std::string key, value;
  bool removed = false;
};

// An opened store, used through its table.
class Store {
 public:
  // Null: the check is over, and why is said.
  static std::unique_ptr<Store> open(CheckContext& context) {
    auto instance = start_checked(context);
    if (!instance) return nullptr;
    auto store = std::make_unique<Store>();
    store->instance_ = std::move(instance);
    const Answer opened = store->reopen();
    if (opened.ok()) return store;
    context.error("open fails: " + opened.text());
    store->instance_->finish();
    return nullptr;
  }

  Answer reopen() {
    info_ = {};
    info_.size = sizeof info_;
    step("open");
    return call("open", STORM_T_CTL, [&](const storm_call* raw) {
      return table().open(instance_->handle(), raw, &info_);
    });
  }
  Answer apply(const std::vector<Written>& rows, std::uint64_t* revision = nullptr,
               std::uint8_t id = 0, std::uint64_t expected = 0, std::uint64_t fence = 0) {
    std::vector<storm_row> puts, deletes;
    for (const Written& row : rows) {
      storm_row raw{};
      raw.size = sizeof raw;
      raw.space = to_abi(kSpace);
      raw.key = to_abi(row.key);
      if (!row.removed) raw.value = to_abi(row.value);
      (row.removed ? deletes : puts).push_back(raw);
    }
    storm_txn txn{};
    txn.size = sizeof txn;
    std::memset(txn.txn_id, id, sizeof txn.txn_id);
    txn.expect_revision = expected;
    txn.fence = fence;
    txn.puts = sdk::list_of(puts);
    txn.deletes = sdk::list_of(deletes);
    std::uint64_t written = 0;
    step("apply");
    Answer answer = call("apply", STORM_T_WORK, [&](const storm_call* raw) {
      return table().apply(instance_->handle(), raw, &txn, &written);
    });
    if (revision) *revision = written;
    return answer;
  }
  Answer load(std::map<std::string, std::string>* rows, bool refuse = false) {
    struct Taken {
      std::vector<std::string> keys;
      std::map<std::string, std::string> rows;
      bool refuse = false;
    } taken{{}, {}, refuse};
    const storm_rows sink{
        sizeof(storm_rows), 0, &taken,
        [](const storm_rows* raw, storm_list puts, storm_list, std::uint64_t) -> storm_rc {
          auto& into = *static_cast<Taken*>(raw->ctx);
          if (into.refuse) return STORM_E_CANCELLED;
          for (const storm_row& row : sdk::List<storm_row>(puts)) {
            into.keys.emplace_back(text_of(row.key));
            into.rows[into.keys.back()] = text_of(row.value);
          }
          return STORM_OK;
        }};
    step("load");
    Answer answer = call("load", STORM_T_WORK, [&](const storm_call* raw) {
      return table().load(instance_->handle(), raw, to_abi(kSpace), &sink);
    });
    for (std::size_t i = 1; i < taken.keys.size(); ++i) {
      if (taken.keys[i - 1] >= taken.keys[i]) {
        context().error("load does not stream the rows in the order of their keys");
        break;
      }
    }
    if (rows) *rows = std::move(taken.rows);
    return answer;
  }
  Answer close() {
    step("close");
    return call("close", STORM_T_CTL,
                [&](const storm_call* raw) { return table().close(instance_->handle(), raw); });
  }
  void finish() {
    if (const Answer closed = close(); !closed.ok()) context().error("close: " + closed.text());
    instance_->finish();
  }
  // Says what went wrong with a step that has to work.
  bool works(std::string_view what, const Answer& answer) {
    if (!answer.ok()) context().error(fmt::format("{} fails: {}", what, answer.text()));
    return answer.ok();
  }
  void expect(std::string_view what, const Answer& answer, storm_rc code) {
    if (answer.code == code) return;
    context().error(fmt::format("{} answers {}, not {}", what, answer.text(), name_of_code(code)));
  }
  void expect_rows(std::string_view when, const std::map<std::string, std::string>& expected) {
    std::map<std::string, std::string> rows;
    if (works("load", load(&rows)) && rows != expected) {
      context().error(fmt::format("{} the store has {} rows that are not the {} written", when,
                                  rows.size(), expected.size()));
    }
  }
  const storm_store_info& info() const { return info_; }
  bool durable() const { return (info_.caps & STORM_STORE_DURABLE) != 0; }
  CheckContext& context() { return instance_->context(); }
  CheckedInstance& instance() { return *instance_; }

 private:
  const storm_storage_v1& table() const { return instance_->table<storm_storage_v1>(); }
  void step(std::string_view what) { context().step(what); }
  template <typename Function>
  Answer call(std::string_view what, std::uint32_t thread_class, const Function& function) {
    return instance_->call(what, thread_class, function);
  }

  std::unique_ptr<CheckedInstance> instance_;
  storm_store_info info_{};
};

}  // namespace

void check_storage_rows(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  Random random(context.seed);
  std::map<std::string, std::string> expected;
  std::uint64_t last = store->info().revision;
  if (last != 0) {
    context.skip("the store is not empty; let the configuration name one in @DIR@");
    store->finish();
    return;
  }
  for (int i = 0; i < 20; ++i) {
    std::vector<Written> rows;
    std::map<std::string, std::string> after = expected;
    for (int j = 0; j < kRows / 20; ++j) {
      const std::string key = fmt::format("key {}", random() % 200);
      const bool removed = random() % 4 == 0;
      std::string value(random() % 300, static_cast<char>(random() % 256));
      if (removed) after.erase(key);
      rows.push_back({key, value, removed});
    }
    // Deletes go before puts, and of two puts of a key the later stays.
    for (const Written& row : rows) {
      if (!row.removed) after[row.key] = row.value;
    }
    std::uint64_t revision = 0;
    if (!store->works("apply", store->apply(rows, &revision))) break;
    if (revision <= last) {
      context.error(fmt::format("the revision is {} after {}; it must rise", revision, last));
    }
    last = revision;
    expected = std::move(after);
  }
  store->expect_rows("after 20 transactions", expected);
  store->finish();
}

void check_storage_repeated(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  std::uint64_t first = 0, again = 0;
  store->works("apply", store->apply({{"a", "1"}}, &first, 7));
  store->works("apply", store->apply({{"a", "2"}}));
  store->works("the same transaction again", store->apply({{"a", "1"}}, &again, 7));
  if (again != first) {
    context.error(
        fmt::format("a transaction that is repeated answers revision {}, not its first, "
                    "{}",
                    again, first));
  }
  store->expect_rows("after a repeated transaction", {{"a", "2"}});
  store->works("the same without an id", store->apply({{"a", "3"}}));
  store->works("the same without an id", store->apply({{"a", "3"}}));
  store->expect_rows("after two without an id", {{"a", "3"}});
  store->finish();
}

void check_storage_expected(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  std::uint64_t revision = 0;
  store->works("apply", store->apply({{"a", "1"}}, &revision));
  store->expect("apply with another revision than the expected one",
                store->apply({{"a", "2"}, {"b", "2"}}, nullptr, 0, revision + 5), STORM_E_CONFLICT);
  store->expect_rows("after a conflict", {{"a", "1"}});
  store->works("apply with the expected revision",
               store->apply({{"a", "3"}}, nullptr, 0, revision));
  store->expect_rows("after that", {{"a", "3"}});
  store->finish();
}

void check_storage_fence(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  store->works("apply with fence 5", store->apply({{"a", "1"}}, nullptr, 0, 0, 5));
  store->expect("apply with fence 4 after 5", store->apply({{"a", "2"}}, nullptr, 0, 0, 4),
                STORM_E_FENCED);
  store->expect_rows("after a lower fence", {{"a", "1"}});
  store->works("apply with fence 5 again", store->apply({{"a", "2"}}, nullptr, 0, 0, 5));
  store->finish();
}

void check_storage_reopen(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  std::uint64_t revision = 0;
  store->works("apply", store->apply({{"a", "1"}, {std::string("k\0y", 3), ""}}, &revision));
  store->works("close", store->close());
  store->works("open again", store->reopen());
  if (store->durable()) {
    if (store->info().revision != revision) {
      context.error(fmt::format("opened again, the store is at revision {}, not at {}",
                                store->info().revision, revision));
    }
    store->expect_rows("opened again,", {{"a", "1"}, {std::string("k\0y", 3), ""}});
  } else {
    context.note("the store does not say that it is durable (STORM_STORE_DURABLE)");
  }
  store->finish();
}

void check_storage_sink(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  store->works("apply", store->apply({{"a", "1"}, {"b", "2"}}));
  const Answer answer = store->load(nullptr, true);
  if (answer.ok()) context.error("load answers success although its rows were not taken");
  store->expect_rows("after a load that was cut off", {{"a", "1"}, {"b", "2"}});
  store->finish();
}

void check_storage_limits(CheckContext& context) {
  auto store = Store::open(context);
  if (!store) return;
  const std::string key(512, 'k');
  const std::string value(std::size_t{1} << 20U, 'v');
  store->works("a key of 512 bytes", store->apply({{key, value}}));
  store->expect_rows("with a key of 512 bytes", {{key, value}});
  std::vector<Written> many;
  for (int i = 0; i < 10'000; ++i) many.push_back({fmt::format("{:05}", i), "v"});
  store->works("10,000 rows in a transaction", store->apply(many));
  store->finish();
}

void exercise_storage(CheckedInstance& instance) {
  const auto& table = instance.table<storm_storage_v1>();
  storm_store_info info{};
  info.size = sizeof info;
  instance.context().step("open");
  const Answer opened = instance.call("open", STORM_T_CTL, [&](const storm_call* raw) {
    return table.open(instance.handle(), raw, &info);
  });
  if (!opened.ok()) return;
  storm_row row{};
  row.size = sizeof row;
  row.space = to_abi(kSpace);
  row.key = to_abi("exercise");
  row.value = to_abi("1");
  storm_txn txn{};
  txn.size = sizeof txn;
  txn.puts = {&row, 1, sizeof row};
  std::uint64_t revision = 0;
  instance.context().step("apply");
  instance.call("apply", STORM_T_WORK, [&](const storm_call* raw) {
    return table.apply(instance.handle(), raw, &txn, &revision);
  });
  const storm_rows sink{sizeof(storm_rows), 0, nullptr,
                        [](const storm_rows*, storm_list, storm_list, std::uint64_t) -> storm_rc {
                          return STORM_OK;
                        }};
  instance.context().step("load");
  instance.call("load", STORM_T_WORK, [&](const storm_call* raw) {
    return table.load(instance.handle(), raw, to_abi(kSpace), &sink);
  });
  instance.context().step("close");
  instance.call("close", STORM_T_CTL,
                [&](const storm_call* raw) { return table.close(instance.handle(), raw); });
}

}  // namespace storm::plugin_check
