// PostgreSQL as a peer, over its own socket: postgres_peer DIR CONNECTION [--gin]. DIR as
// gen_resources.py writes it, CONNECTION in libpq's words. Two schemas: `docs`, as one writes it
// first, all in jsonb; `cols`, by somebody who knows PostgreSQL: the model's fields as columns,
// only the snapshot as jsonb and out of line. --gin: a GIN index over the snapshots too (minutes).
#include <libpq-fe.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/peers/figures.hpp"

namespace storm::bench {
namespace {

constexpr std::size_t kTimes = 9;
constexpr double kSeconds = 20;
constexpr int kOfTransaction = 1'000;

class Result {
 public:
  Result(PGconn* connection, PGresult* result) : result_(result) {
    const ExecStatusType status = PQresultStatus(result_);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
      fail(std::string("postgres: ") + PQerrorMessage(connection));
    }
  }
  ~Result() { PQclear(result_); }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  std::int64_t rows() const { return PQntuples(result_); }
  std::int64_t number() const { return std::strtoll(PQgetvalue(result_, 0, 0), nullptr, 10); }

 private:
  PGresult* result_;
};

std::string id_of(std::string_view line) {
  constexpr std::string_view kKey = "\"id\":\"";
  const std::size_t begin = line.find(kKey) + kKey.size();
  return std::string(line.substr(begin, line.find('"', begin) - begin));
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

class Peer {
 public:
  Peer(std::string folder, const char* connection, bool gin)
      : folder_(std::move(folder)),
        gin_(gin),
        probes_(folder_),
        connection_(PQconnectdb(connection)) {
    if (PQstatus(connection_) != CONNECTION_OK) {
      fail(std::string("postgres: ") + PQerrorMessage(connection_));
    }
  }
  ~Peer() { PQfinish(connection_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void measure() {
    run("CREATE TABLE docs(id text PRIMARY KEY, doc jsonb NOT NULL)");
    run("ALTER TABLE docs ALTER COLUMN doc SET COMPRESSION lz4");
    load();
    indexes();
    columns();
    queries();
    changes();
  }

 private:
  void run(const std::string& sql) { Result(connection_, PQexec(connection_, sql.c_str())); }
  std::int64_t number(const std::string& sql) {
    return Result(connection_, PQexec(connection_, sql.c_str())).number();
  }

  // COPY's text form: a backslash stands for itself when it is doubled.
  static void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
      if (c == '\\') out += '\\';
      out += c;
    }
  }

  void load() {
    std::ifstream in(folder_ + "/docs.jsonl");
    std::string line, chunk;
    std::int64_t count = 0;
    const double begin = now_seconds();
    run("COPY docs FROM STDIN");
    constexpr std::size_t kChunk = 1UL << 20U;
    const auto send = [&] {
      if (PQputCopyData(connection_, chunk.data(), static_cast<int>(chunk.size())) != 1) {
        fail(std::string("postgres: ") + PQerrorMessage(connection_));
      }
      chunk.clear();
    };
    while (std::getline(in, line)) {
      chunk += id_of(line);
      chunk += '\t';
      append_escaped(chunk, line);
      chunk += '\n';
      ++count;
      if (chunk.size() > kChunk) send();
    }
    send();
    PQputCopyEnd(connection_, nullptr);
    while (PGresult* result = PQgetResult(connection_)) Result(connection_, result);
    say("postgres.load_per_s", static_cast<double>(count) / (now_seconds() - begin));
  }

  void indexes() {
    double begin = now_seconds();
    run("CREATE INDEX ON docs((doc->>'type'), (doc->>'image') text_pattern_ops)");
    say("postgres.btree_s", now_seconds() - begin);
    if (gin_) {
      begin = now_seconds();
      run("CREATE INDEX ON docs USING gin((doc->'snapshot') jsonb_path_ops)");
      say("postgres.gin_s", now_seconds() - begin);
    }
    run("VACUUM ANALYZE docs");
    say("postgres.bytes", static_cast<double>(number("SELECT pg_total_relation_size('docs')")));
  }

  void columns() {
    run("CREATE TABLE cols(id text PRIMARY KEY, type text, image text, status text, health text, "
        "parent text, host text, names text[], snapshot jsonb)");
    run("ALTER TABLE cols SET (toast_tuple_target=512)");
    run("ALTER TABLE cols ALTER COLUMN snapshot SET COMPRESSION lz4");
    run("INSERT INTO cols SELECT id, doc->>'type', doc->>'image', doc->>'status', doc->>'health', "
        "doc->>'parent', doc->>'host', ARRAY(SELECT jsonb_array_elements_text(doc->'names')), "
        "doc->'snapshot' FROM docs");
    run("CREATE INDEX ON cols(type, image text_pattern_ops)");
    run("VACUUM ANALYZE cols");
  }

  // Prepared, so that neither is measured by its parser.
  void ask(const std::string& name, const char* probe, const std::string& sql, bool counts) {
    const std::string statement = "s" + std::to_string(++statements_);
    Result(connection_, PQprepare(connection_, statement.c_str(), sql.c_str(), 0, nullptr));
    std::int64_t found = 0;
    Series series = timed(kTimes, kSeconds, [&] {
      const Result result(connection_, PQexecPrepared(connection_, statement.c_str(), 0, nullptr,
                                                      nullptr, nullptr, 0));
      found = counts ? result.number() : result.rows();
    });
    check("postgres", probe, found, probes_.matches(probe));
    say(name, series);
  }

  void queries() {
    Result(connection_,
           PQprepare(connection_, "id", "SELECT doc FROM docs WHERE id=$1", 1, nullptr));
    Series looks;
    for (const std::string& id : probes_.ids) {
      const char* const value = id.c_str();
      const double before = now_seconds();
      const Result result(connection_,
                          PQexecPrepared(connection_, "id", 1, &value, nullptr, nullptr, 0));
      looks.add(now_seconds() - before);
      if (result.rows() != 1) fail("postgres: a resource is missing");
    }
    say("postgres.by_id", looks);

    const std::string task = "doc->>'type'='swarm-task'";
    for (const char* probe : {"group_100", "group_1k", "group_10k"}) {
      const std::string regex =
          quoted(probes_[probe].find("query")->find("image")->find("$regex")->as_string());
      const std::string prefix = quoted(probes_.text(probe, "prefix") + "%");
      const std::string written = " FROM docs WHERE " + task + " AND doc->>'image' ~ " + regex;
      const std::string known = " FROM cols WHERE type='swarm-task' AND image LIKE " + prefix;
      ask(std::string("postgres.ids.") + probe, probe, "SELECT id" + written, false);
      ask(std::string("postgres.docs.") + probe, probe, "SELECT doc" + written, false);
      ask(std::string("postgres.count.") + probe, probe, "SELECT count(*)" + written, true);
      ask(std::string("columns.ids.") + probe, probe, "SELECT id" + known, false);
    }
    const auto count = [&](const char* probe, const std::string& written,
                           const std::string& known) {
      ask(std::string("postgres.count.") + probe, probe,
          "SELECT count(*) FROM docs WHERE " + written, true);
      ask(std::string("columns.count.") + probe, probe, "SELECT count(*) FROM cols WHERE " + known,
          true);
    };
    const std::string regex = quoted(probes_.text("adhoc_regex", "regex"));
    count("adhoc_regex", "doc->>'image' ~ " + regex, "image ~ " + regex);
    for (const char* probe : {"snapshot_range", "snapshot_index_range"}) {
      std::string path;
      for (const Value& key : probes_[probe].find("path")->as_array()) {
        path += (path.empty() ? "" : ",") + key.as_string();
      }
      const std::string bound = ">=" + std::to_string(probes_.bound(probe));
      count(probe, task + " AND (doc#>>'{snapshot," + path + "}')::bigint" + bound,
            "type='swarm-task' AND (snapshot#>>'{" + path + "}')::bigint" + bound);
    }
    count("count_running", task + " AND doc->>'status'='running'",
          "type='swarm-task' AND status='running'");
    count("or_error_unhealthy",
          task + " AND (doc->>'status'='error' OR doc->>'health'='unhealthy')",
          "type='swarm-task' AND (status='error' OR health='unhealthy')");
    std::string images;
    for (const Value& one : probes_["in_images"].find("images")->as_array()) {
      images += (images.empty() ? "" : ",") + quoted(one.as_string());
    }
    count("in_images", task + " AND doc->>'image' IN (" + images + ")",
          "type='swarm-task' AND image IN (" + images + ")");
  }

  void changes() {
    std::ifstream in(folder_ + "/updates.jsonl");
    Result(connection_,
           PQprepare(connection_, "put",
                     "INSERT INTO docs VALUES($1,$2::jsonb) ON CONFLICT(id) DO UPDATE SET "
                     "doc=excluded.doc",
                     2, nullptr));
    Result(connection_,
           PQprepare(connection_, "remove", "DELETE FROM docs WHERE id=$1", 1, nullptr));
    std::string line;
    // In a pipeline, so that it is the database that is waited for and not the round trips.
    const auto send = [&] {
      constexpr std::string_view kDoc = ",\"doc\":";
      const std::string id = id_of(line);
      const std::size_t doc = line.find(kDoc);
      const bool is_removal = doc == std::string::npos;
      const std::string text =
          is_removal ? std::string()
                     : line.substr(doc + kDoc.size(), line.size() - doc - kDoc.size() - 1);
      const char* const values[] = {id.c_str(), text.c_str()};
      return PQsendQueryPrepared(connection_, is_removal ? "remove" : "put", is_removal ? 1 : 2,
                                 values, nullptr, nullptr, 0);
    };
    Series single;
    constexpr int kSingle = 1'000;
    while (single.size() < kSingle && std::getline(in, line)) {
      const double before = now_seconds();
      send();
      while (PGresult* result = PQgetResult(connection_)) Result(connection_, result);
      single.add(now_seconds() - before);
    }
    say("postgres.one_change", single);

    std::int64_t count = 0;
    const double begin = now_seconds();
    bool more = true;
    while (more) {
      PQenterPipelineMode(connection_);
      PQsendQueryParams(connection_, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 0);
      int sent = 1;
      while (sent <= kOfTransaction && (more = static_cast<bool>(std::getline(in, line)))) {
        send();
        ++sent;
        ++count;
      }
      PQsendQueryParams(connection_, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0);
      PQpipelineSync(connection_);
      for (int i = 0; i <= sent; ++i) {
        while (PGresult* result = PQgetResult(connection_)) Result(connection_, result);
      }
      PQclear(PQgetResult(connection_));  // the sync
      PQexitPipelineMode(connection_);
    }
    if (count > 0) {
      say("postgres.changes_per_s", static_cast<double>(count) / (now_seconds() - begin));
    }
  }

  const std::string folder_;
  const bool gin_;
  const Probes probes_;
  PGconn* const connection_;
  int statements_ = 0;
};

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  if (argc < 3) storm::bench::fail("usage: postgres_peer DIR CONNECTION [--gin]");
  storm::bench::Peer(argv[1], argv[2], argc > 3 && std::string_view(argv[3]) == "--gin").measure();
}
