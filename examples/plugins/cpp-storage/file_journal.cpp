// file_journal: a storage plugin that keeps its rows in memory and each transaction in a journal.
//
// A transaction is one record of the journal, so that it is there whole or not at all. Opening
// reads the journal; once most of it is of rows that are gone, it is written anew with what is
// left.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal.hpp"
#include "storm/cpp/storage.hpp"

namespace {

using journal::Journal;
using storm::sdk::Call;
using storm::sdk::Fault;
using storm::sdk::RowSink;
using storm::sdk::StoreInfo;
using storm::sdk::Transaction;
using storm::sdk::view;

// The limits that storm/storage.h gives.
constexpr std::size_t kSpaceBytesMax = 64;
constexpr std::size_t kKeyBytesMax = 512;
constexpr std::size_t kValueBytesMax = std::size_t{64} << 20;
constexpr std::size_t kRowsMax = 100'000;
constexpr std::size_t kIdsKept = 4096;                            // of transactions, the last ones
constexpr std::uint64_t kRewriteSlack = std::uint64_t{16} << 20;  // of rows that are gone
constexpr std::uint64_t kRewriteRecordBytes = std::uint64_t{8} << 20;  // of a rewritten journal

constexpr std::string_view kConfigSchema = R"({
  "type": "object",
  "required": ["path"],
  "additionalProperties": false,
  "properties": {
    "path": {"type": "string", "minLength": 1,
             "description": "The journal's file; its folder is created when it is missing."}
  }
})";

using Id = std::array<std::uint8_t, 16>;

struct Row {
  std::shared_ptr<const std::string> value;
  std::uint64_t revision = 0;
};
using Rows = std::map<std::string, Row, std::less<>>;

// ---- the text of a record: numbers of 8 bytes, texts with their length before them ----

class Writer {
 public:
  void number(std::uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_ += text;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Its record had the right checksum, so what it cannot read was written by another version.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view text() { return take(number()); }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) {
      throw Fault(STORM_E_UNSUPPORTED, "the store was written by another version of file_journal");
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::string_view bytes_;
};

// What one record says. Its texts are borrowed.
struct Record {
  struct Put {
    std::string_view space;
    std::string_view key;
    std::string_view value;
    std::uint64_t revision;
  };
  std::uint64_t revision = 0;
  std::uint64_t fence = 0;
  Id id{};
  std::vector<std::pair<std::string_view, std::string_view>> deletes;  // space and key
  std::vector<Put> puts;
};

std::string write_record(const Record& record) {
  Writer writer;
  writer.number(record.revision);
  writer.number(record.fence);
  writer.text({reinterpret_cast<const char*>(record.id.data()), record.id.size()});
  writer.number(record.deletes.size());
  for (const auto& [space, key] : record.deletes) {
    writer.text(space);
    writer.text(key);
  }
  writer.number(record.puts.size());
  for (const Record::Put& put : record.puts) {
    writer.text(put.space);
    writer.text(put.key);
    writer.text(put.value);
    writer.number(put.revision);
  }
  return writer.bytes();
}

Record read_record(std::string_view bytes) {
  Reader reader(bytes);
  Record record;
  record.revision = reader.number();
  record.fence = reader.number();
  const std::string_view id = reader.text();
  std::memcpy(record.id.data(), id.data(), std::min(id.size(), record.id.size()));
  for (std::uint64_t count = reader.number(); count > 0; --count) {
    const std::string_view space = reader.text();
    record.deletes.emplace_back(space, reader.text());
  }
  for (std::uint64_t count = reader.number(); count > 0; --count) {
    Record::Put put{};
    put.space = reader.text();
    put.key = reader.text();
    put.value = reader.text();
    put.revision = reader.number();
    record.puts.push_back(put);
  }
  return record;
}

// ---- the store ----

std::string path_of(std::string_view config_json) {
  const auto refuse = [](const std::string& message) {
    throw Fault(STORM_E_INVALID, "storage file_journal: " + message).layer(STORM_LAYER_CONFIG);
  };
  const nlohmann::json config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) refuse("config must be a map, such as {path: /var/lib/storm.journal}");
  for (const auto& [key, value] : config.items()) {
    if (key != "path") refuse("unknown setting \"" + key + "\"; there is only \"path\"");
  }
  const auto path = config.find("path");
  if (path == config.end() || !path->is_string() || path->get<std::string>().empty() ||
      path->get<std::string>().find('\0') != std::string::npos) {
    refuse("\"path\" must name the journal's file");
  }
  return path->get<std::string>();
}

void check_row(std::string_view space, std::string_view key, std::string_view value) {
  const auto refuse = [](const char* what, std::size_t limit) {
    throw Fault(STORM_E_INVALID,
                std::string(what) + " is over the limit of " + std::to_string(limit) + " bytes");
  };
  if (space.size() > kSpaceBytesMax) refuse("a space", kSpaceBytesMax);
  if (key.size() > kKeyBytesMax) refuse("a key", kKeyBytesMax);
  if (value.size() > kValueBytesMax) refuse("a value", kValueBytesMax);
}

Record record_of(const Transaction& transaction, std::uint64_t revision, std::uint64_t fence) {
  if (transaction.puts.size() + transaction.deletes.size() > kRowsMax) {
    throw Fault(STORM_E_INVALID,
                "the transaction is over the limit of " + std::to_string(kRowsMax) + " rows");
  }
  Record record;
  record.revision = revision;
  record.fence = fence;
  record.id = transaction.txn_id;
  for (const storm_row& row : transaction.deletes) {
    check_row(view(row.space), view(row.key), {});
    record.deletes.emplace_back(view(row.space), view(row.key));
  }
  for (const storm_row& row : transaction.puts) {
    check_row(view(row.space), view(row.key), view(row.value));
    record.puts.push_back({view(row.space), view(row.key), view(row.value), revision});
  }
  return record;
}

class FileJournal final : public storm::sdk::Storage {
 public:
  FileJournal(const storm::sdk::Host& host, std::string_view config_json)
      : host_(host), journal_(path_of(config_json)) {}

  StoreInfo open(const Call&) override {
    const std::lock_guard lock(mutex_);
    forget();
    journal_.open([this](std::string_view bytes) { take(read_record(bytes)); });
    host_.info("opened the store " + journal_.path() + " at revision " + std::to_string(revision_));
    return {STORM_STORE_DURABLE, revision_};
  }

  // One revision: the rows are noted under the lock, and told without it.
  void load(const Call& call, std::string_view space, const RowSink& rows) override {
    std::vector<std::pair<std::string, Row>> listed;
    std::uint64_t revision = 0;
    {
      const std::lock_guard lock(mutex_);
      revision = revision_;
      const auto found = spaces_.find(space);
      if (found != spaces_.end()) listed.assign(found->second.begin(), found->second.end());
    }
    for (const auto& [key, row] : listed) {
      if (call.cancelled()) throw Fault(STORM_E_CANCELLED, "the listing was cancelled");
      const storm_row out = storm::sdk::row_of(space, key, *row.value, row.revision);
      rows.write({&out, 1, sizeof out}, {nullptr, 0, sizeof out}, revision);
    }
  }

  std::uint64_t apply(const Call&, const Transaction& transaction) override {
    const std::lock_guard lock(mutex_);
    if (transaction.has_id()) {
      const auto done = revision_of_.find(transaction.txn_id);
      if (done != revision_of_.end()) return done->second;
    }
    if (transaction.expect_revision != 0 && transaction.expect_revision != revision_) {
      throw Fault(STORM_E_CONFLICT, "the store is at revision " + std::to_string(revision_) +
                                        ", not " + std::to_string(transaction.expect_revision));
    }
    if (transaction.fence != 0 && transaction.fence < fence_) {
      throw Fault(STORM_E_FENCED, "a newer holder has written to the store");
    }
    const Record record =
        record_of(transaction, revision_ + 1, std::max(fence_, transaction.fence));
    const std::string bytes = write_record(record);
    journal_.append(bytes);  // the moment from which on it counts
    take(record);
    rewrite_when_due();
    return revision_;
  }

  void close(const Call&) override {
    const std::lock_guard lock(mutex_);
    journal_.close();
    forget();
  }

 private:
  void forget() {
    spaces_.clear();
    revision_of_.clear();
    ids_.clear();
    revision_ = fence_ = live_bytes_ = rewrite_at_ = 0;
  }

  static std::uint64_t size_of(std::string_view space, std::string_view key, const Row& row) {
    constexpr std::uint64_t kNumbers = 4 * sizeof(std::uint64_t);
    return space.size() + key.size() + row.value->size() + kNumbers;
  }

  void remove(std::string_view space, std::string_view key) {
    const auto rows = spaces_.find(space);
    if (rows == spaces_.end()) return;
    const auto row = rows->second.find(key);
    if (row == rows->second.end()) return;
    live_bytes_ -= size_of(space, key, row->second);
    rows->second.erase(row);
  }

  // The one way in which rows change, be it for a transaction or while the journal is read.
  void take(const Record& record) {
    for (const auto& [space, key] : record.deletes) remove(space, key);
    for (const Record::Put& put : record.puts) {
      remove(put.space, put.key);
      const Row row{std::make_shared<const std::string>(put.value), put.revision};
      live_bytes_ += size_of(put.space, put.key, row);
      spaces_[std::string(put.space)].emplace(put.key, row);
    }
    revision_ = std::max(revision_, record.revision);
    fence_ = std::max(fence_, record.fence);
    if (record.id != Id{}) remember(record.id, record.revision);
  }

  void remember(const Id& id, std::uint64_t revision) {
    if (!revision_of_.emplace(id, revision).second) return;
    ids_.push_back(id);
    if (ids_.size() <= kIdsKept) return;
    revision_of_.erase(ids_.front());
    ids_.pop_front();
  }

  // Failing is no failure of the transaction, which is in the journal: the next try is later.
  void rewrite_when_due() {
    const std::uint64_t due = std::max(2 * live_bytes_ + kRewriteSlack, rewrite_at_);
    if (journal_.bytes() < due) return;
    rewrite_at_ = journal_.bytes() + kRewriteSlack;
    try {
      journal_.replace([this](Journal& fresh) { write_state(fresh); });
      rewrite_at_ = 0;
    } catch (const Fault& fault) {
      host_.warn("the journal stays as long as it is: " + fault.message());
    }
  }

  void write_state(Journal& fresh) const {
    Record part;
    for (const Id& id : ids_) {
      part.id = id;
      part.revision = revision_of_.at(id);
      fresh.append(write_record(part));
    }
    part = Record{};
    part.revision = revision_;
    part.fence = fence_;
    std::uint64_t bytes = 0;
    for (const auto& [space, rows] : spaces_) {
      for (const auto& [key, row] : rows) {
        part.puts.push_back({space, key, *row.value, row.revision});
        bytes += size_of(space, key, row);
        if (bytes < kRewriteRecordBytes) continue;
        fresh.append(write_record(part));
        part.puts.clear();
        bytes = 0;
      }
    }
    fresh.append(write_record(part));
  }

  const storm::sdk::Host host_;
  std::mutex mutex_;  // guards all below
  Journal journal_;
  std::map<std::string, Rows, std::less<>> spaces_;
  std::map<Id, std::uint64_t> revision_of_;  // of transactions that had an id
  std::deque<Id> ids_;                       // the same, oldest first
  std::uint64_t revision_ = 0;
  std::uint64_t fence_ = 0;
  std::uint64_t live_bytes_ = 0;  // what the rows would take in a journal of their own
  std::uint64_t rewrite_at_ = 0;  // not before the journal is as long; 0: as soon as it is due
};

}  // namespace

STORM_STORAGE_PLUGIN(file_journal, FileJournal, kConfigSchema)
