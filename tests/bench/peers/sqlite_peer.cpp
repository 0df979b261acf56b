// SQLite in this process as a peer: one table of JSON texts with an index over type and image,
// written durably. sqlite_peer DIR FILE [LOOKS]: DIR as gen_resources.py writes it, FILE the
// database to make, LOOKS how often each query is asked.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sqlite3.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/bench/peers/figures.hpp"

namespace storm::bench {
namespace {

constexpr int kOfTransaction = 1'000;
constexpr double kSecondsOfQuery = 20;

// x REGEXP y, compiled once a statement.
void regexp(sqlite3_context* context, int, sqlite3_value** values) {
  auto* code = static_cast<pcre2_code*>(sqlite3_get_auxdata(context, 0));
  if (!code) {
    int error = 0;
    std::size_t offset = 0;
    code = pcre2_compile(sqlite3_value_text(values[0]), PCRE2_ZERO_TERMINATED, 0, &error, &offset,
                         nullptr);
    if (!code) fail("sqlite: a pattern does not compile");
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    sqlite3_set_auxdata(context, 0, code,
                        [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
    code = static_cast<pcre2_code*>(sqlite3_get_auxdata(context, 0));
  }
  static pcre2_match_data* const match = pcre2_match_data_create(1, nullptr);
  const unsigned char* const text = sqlite3_value_text(values[1]);
  const int length = sqlite3_value_bytes(values[1]);
  const bool hit =
      text && pcre2_match(code, text, static_cast<std::size_t>(length), 0, 0, match, nullptr) >= 0;
  sqlite3_result_int(context, hit ? 1 : 0);
}

class Statement {
 public:
  Statement(sqlite3* db, const std::string& sql) : db_(db) {
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement_, nullptr) != SQLITE_OK) {
      fail(std::string("sqlite: ") + sqlite3_errmsg(db) + ": " + sql);
    }
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, std::string_view text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& bind(int at, std::int64_t number) {
    sqlite3_bind_int64(statement_, at, number);
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(std::string("sqlite: ") + sqlite3_errmsg(db_));
    sqlite3_reset(statement_);
    return false;
  }
  void run() {
    while (step()) continue;
  }
  std::string_view text() {
    return {reinterpret_cast<const char*>(sqlite3_column_text(statement_, 0)),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, 0))};
  }
  std::int64_t number() { return sqlite3_column_int64(statement_, 0); }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

std::string_view id_of(std::string_view line) {
  constexpr std::string_view kKey = "\"id\":\"";
  const std::size_t begin = line.find(kKey) + kKey.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

class Peer {
 public:
  Peer(std::string folder, std::string file, std::size_t looks)
      : folder_(std::move(folder)), file_(std::move(file)), looks_(looks), probes_(folder_) {
    if (sqlite3_open(file_.c_str(), &db_) != SQLITE_OK) fail("sqlite: cannot make " + file_);
    run("PRAGMA page_size=8192");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA cache_size=-1000000");
    run("PRAGMA mmap_size=17179869184");
    run("CREATE TABLE docs(id TEXT PRIMARY KEY, doc TEXT NOT NULL)");
    sqlite3_create_function(db_, "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, &regexp,
                            nullptr, nullptr);
  }
  ~Peer() { sqlite3_close(db_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void measure() {
    load();
    queries();
    changes();
  }

 private:
  void run(const std::string& sql) { Statement(db_, sql).run(); }

  void load() {
    std::ifstream in(folder_ + "/docs.jsonl");
    Statement insert(db_, "INSERT INTO docs VALUES(?, ?)");
    std::string line;
    std::int64_t count = 0;
    const double begin = now_seconds();
    const double cpu = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
    run("BEGIN");
    while (std::getline(in, line)) {
      insert.bind(1, id_of(line)).bind(2, line).run();
      if (++count % kOfTransaction == 0) {
        run("COMMIT");
        run("BEGIN");
      }
    }
    run("COMMIT");
    const double seconds = now_seconds() - begin;
    say("sqlite.load_per_s", static_cast<double>(count) / seconds);
    say("sqlite.load_per_cpu_s",
        static_cast<double>(count) / (now_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu));
    const double index = now_seconds();
    run("CREATE INDEX by_image ON docs(json_extract(doc,'$.type'), json_extract(doc,'$.image'))");
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    say("sqlite.index_s", now_seconds() - index);
    run("ANALYZE");
    std::ifstream file(file_, std::ios::ate | std::ios::binary);
    say("sqlite.file_bytes", static_cast<double>(file.tellg()));
  }

  // `sql` answers one row a match, or counts.
  template <typename Bind>
  void ask(const std::string& name, const char* probe, const std::string& sql, const Bind& bind,
           bool counts = false) {
    Statement statement(db_, sql);
    std::int64_t found = 0;
    std::string all;
    Series series = timed(looks_, kSecondsOfQuery, [&] {
      found = 0;
      all.clear();
      bind(statement);
      while (statement.step()) {
        if (counts) {
          found = statement.number();
        } else {
          all += statement.text();
          ++found;
        }
      }
    });
    check("sqlite", probe, found, probes_.matches(probe));
    say("sqlite." + name, series);
  }

  void queries() {
    Statement by_id(db_, "SELECT doc FROM docs WHERE id=?");
    std::string text;
    Series looks;
    for (const std::string& id : probes_.ids) {
      const double before = now_seconds();
      by_id.bind(1, id);
      if (!by_id.step()) fail("sqlite: a resource is missing");
      text = by_id.text();
      looks.add(now_seconds() - before);
      by_id.step();
    }
    say("sqlite.by_id", looks);

    const std::string type = "json_extract(doc,'$.type')", image = "json_extract(doc,'$.image')";
    const std::string in_prefix =
        " FROM docs WHERE " + type + "='swarm-task' AND " + image + ">=? AND " + image + "<?";
    for (const char* probe : {"group_100", "group_1k", "group_10k"}) {
      const std::string low = probes_.text(probe, "prefix"), high = after(low);
      const auto bind = [&](Statement& statement) { statement.bind(1, low).bind(2, high); };
      ask(std::string("ids.") + probe, probe, "SELECT id" + in_prefix, bind);
      ask(std::string("docs.") + probe, probe, "SELECT doc" + in_prefix, bind);
      ask(std::string("count.") + probe, probe, "SELECT count(*)" + in_prefix, bind, true);
    }
    const auto count = [&](const char* probe, const std::string& where, const auto& bind) {
      ask(std::string("count.") + probe, probe, "SELECT count(*) FROM docs WHERE " + where, bind,
          true);
    };
    const auto nothing = [](Statement&) {};
    const std::string regex = probes_.text("adhoc_regex", "regex");
    count("adhoc_regex", image + " REGEXP ?", [&](Statement& s) { s.bind(1, regex); });
    const std::string of_task = type + "='swarm-task' AND ";
    for (const char* probe : {"snapshot_range", "snapshot_index_range"}) {
      std::string path = "$.snapshot";
      for (const Value& key : probes_[probe].find("path")->as_array())
        path += "." + key.as_string();
      count(probe, of_task + "json_extract(doc,'" + path + "')>=?",
            [&](Statement& s) { s.bind(1, probes_.bound(probe)); });
    }
    count("count_running", of_task + "json_extract(doc,'$.status')='running'", nothing);
    count("or_error_unhealthy",
          of_task +
              "(json_extract(doc,'$.status')='error' OR json_extract(doc,'$.health')="
              "'unhealthy')",
          nothing);
    std::string images;
    for (const Value& one : probes_["in_images"].find("images")->as_array()) {
      images += (images.empty() ? "'" : ",'") + one.as_string() + "'";
    }
    count("in_images", of_task + image + " IN (" + images + ")", nothing);
  }

  void changes() {
    std::ifstream in(folder_ + "/updates.jsonl");
    Statement upsert(db_, "INSERT OR REPLACE INTO docs VALUES(?, ?)");
    Statement remove(db_, "DELETE FROM docs WHERE id=?");
    std::string line;
    const auto apply = [&] {
      constexpr std::string_view kDoc = ",\"doc\":";
      const std::size_t doc = line.find(kDoc);
      if (doc == std::string::npos) return remove.bind(1, id_of(line)).run();
      const std::string_view text =
          std::string_view(line).substr(doc + kDoc.size(), line.size() - doc - kDoc.size() - 1);
      upsert.bind(1, id_of(line)).bind(2, text).run();
    };
    Series single;
    constexpr int kSingle = 1'000;
    while (single.size() < kSingle && std::getline(in, line)) {
      const double before = now_seconds();
      apply();
      single.add(now_seconds() - before);
    }
    say("sqlite.one_change", single);
    std::int64_t count = 0;
    const double begin = now_seconds();
    run("BEGIN");
    while (std::getline(in, line)) {
      apply();
      if (++count % kOfTransaction == 0) {
        run("COMMIT");
        run("BEGIN");
      }
    }
    run("COMMIT");
    if (count > 0) {
      say("sqlite.changes_per_s", static_cast<double>(count) / (now_seconds() - begin));
    }
  }

  const std::string folder_, file_;
  const std::size_t looks_;
  const Probes probes_;
  sqlite3* db_ = nullptr;
};

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  if (argc < 3) storm::bench::fail("usage: sqlite_peer DIR FILE [LOOKS]");
  const std::size_t looks = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 9;
  storm::bench::Peer(argv[1], argv[2], looks).measure();
}
