#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>

#include "abi_layout.hpp"
#include "catch.hpp"
#include "storm/executor.h"
#include "storm/machine.h"
#include "storm/note.h"
#include "storm/publisher.h"
#include "storm/query_operator.h"
#include "storm/storage.h"

namespace storm::abi {
namespace {

constexpr const char* kHeaders[] = {"base.h",      "host.h",     "plugin.h",
                                    "note.h",      "executor.h", "machine.h",
                                    "publisher.h", "storage.h",  "query_operator.h"};

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> headers() {
  std::vector<std::string> texts;
  for (const char* name : kHeaders)
    texts.push_back(file_text(STORM_SDK "/include/storm/" + std::string(name)));
  return texts;
}

Layout locked() { return read_lock(file_text(STORM_SDK "/abi.lock")); }

// What breaks when the headers are bent: `from` becomes `to`, once.
std::vector<std::string> bent(const std::string& from, const std::string& to) {
  std::vector<std::string> texts = headers();
  bool found = false;
  for (std::string& text : texts) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) continue;
    text.replace(at, from.size(), to);
    found = true;
    break;
  }
  REQUIRE(found);
  const Layout now = read_headers(texts);
  REQUIRE(now.error.empty());
  return broken_promises(locked(), now);
}

TEST_CASE("abi lock: every promise is kept", "[sdk]") {
  const Layout now = read_headers(headers());
  REQUIRE(now.error.empty());
  const auto broken = broken_promises(locked(), now);
  for (const std::string& promise : broken) UNSCOPED_INFO(promise);
  CHECK(broken.empty());
}

TEST_CASE("abi lock: it holds all that there is; else build the target abi_lock", "[sdk]") {
  CHECK(to_lock(locked()) == to_lock(read_headers(headers())));
}

TEST_CASE("abi lock: the compiler lays things out as the lock says", "[sdk]") {
  std::map<std::string, std::size_t> sizes;
#define SIZE_OF(name) sizes[#name] = sizeof(name)
  SIZE_OF(storm_str);
  SIZE_OF(storm_pair);
  SIZE_OF(storm_list);
  SIZE_OF(storm_call);
  SIZE_OF(storm_fault);
  SIZE_OF(storm_out);
  SIZE_OF(storm_host);
  SIZE_OF(storm_log_v1);
  SIZE_OF(storm_calls_v1);
  SIZE_OF(storm_clock_v1);
  SIZE_OF(storm_config_v1);
  SIZE_OF(storm_status_v1);
  SIZE_OF(storm_metrics_v1);
  SIZE_OF(storm_threads_v1);
  SIZE_OF(storm_query);
  SIZE_OF(storm_query_v1);
  SIZE_OF(storm_plugin);
  SIZE_OF(storm_resource);
  SIZE_OF(storm_removal);
  SIZE_OF(storm_batch);
  SIZE_OF(storm_feed);
  SIZE_OF(storm_op);
  SIZE_OF(storm_executor_v1);
  SIZE_OF(storm_machine_spec);
  SIZE_OF(storm_exec);
  SIZE_OF(storm_exec_sink);
  SIZE_OF(storm_machine_v1);
  SIZE_OF(storm_member);
  SIZE_OF(storm_publication);
  SIZE_OF(storm_member_change);
  SIZE_OF(storm_publisher_v1);
  SIZE_OF(storm_row);
  SIZE_OF(storm_txn);
  SIZE_OF(storm_rows);
  SIZE_OF(storm_store_info);
  SIZE_OF(storm_lease);
  SIZE_OF(storm_storage_v1);
  SIZE_OF(storm_value);
  SIZE_OF(storm_hint);
  SIZE_OF(storm_queryop_v1);
#undef SIZE_OF
  const Layout now = read_headers(headers());
  CHECK(now.structs.size() == sizes.size());
  for (const Struct& structure : now.structs) {
    INFO(structure.name);
    CHECK(sizes[structure.name] == structure.size);
  }

  std::map<std::string, std::size_t> offsets;
#define OFFSET_OF(type, member) offsets[#type "." #member] = offsetof(type, member)
  OFFSET_OF(storm_call, op_id);
  OFFSET_OF(storm_call, traceparent);
  OFFSET_OF(storm_fault, retry_after_ms);
  OFFSET_OF(storm_host, service);
  OFFSET_OF(storm_plugin, runtime);
  OFFSET_OF(storm_plugin, provides);
  OFFSET_OF(storm_plugin, destroy);
  OFFSET_OF(storm_resource, status);
  OFFSET_OF(storm_resource, snapshot_json);
  OFFSET_OF(storm_batch, bookmark);
  OFFSET_OF(storm_executor_v1, recover);
  OFFSET_OF(storm_config_v1, secret);
  OFFSET_OF(storm_query, after);
  OFFSET_OF(storm_machine_spec, options_json);
  OFFSET_OF(storm_machine_v1, exec);
  OFFSET_OF(storm_member, resource_json);
  OFFSET_OF(storm_publisher_v1, feed);
  OFFSET_OF(storm_txn, expect_revision);
  OFFSET_OF(storm_txn, deletes);
  OFFSET_OF(storm_storage_v1, close);
  OFFSET_OF(storm_value, v);
  OFFSET_OF(storm_hint, hi);
  OFFSET_OF(storm_queryop_v1, release);
#undef OFFSET_OF
  std::size_t checked = 0;
  for (const Struct& structure : now.structs) {
    for (const Member& member : structure.members) {
      const auto real = offsets.find(structure.name + "." + member.name);
      if (real == offsets.end()) continue;
      INFO(real->first);
      CHECK(real->second == member.offset);
      ++checked;
    }
  }
  CHECK(checked == offsets.size());
}

TEST_CASE("abi lock: a tail that grows is allowed", "[sdk]") {
  CHECK(bent("storm_str bookmark;", "storm_str bookmark; uint64_t later;").empty());
  CHECK(bent("#define STORM_ABI_MINOR 0", "#define STORM_ABI_MINOR 1").empty());
  CHECK(bent("STORM_LOG_ERROR = 4", "STORM_LOG_ERROR = 4, STORM_LOG_FATAL = 5").empty());
  CHECK(bent("typedef struct storm_removal {",
             "typedef struct storm_newcomer { uint32_t size; uint32_t zero; } storm_newcomer;\n"
             "typedef struct storm_removal {")
            .empty());
}

TEST_CASE("abi lock: of six changes only growth at the tail passes", "[sdk]") {
  struct Row {
    const char* change;
    const char* from;
    const char* to;
    bool passes;
  };
  static const Row kRows[] = {
      {"insert", "  storm_str uid;  /* 1", "  storm_str brand;\n  storm_str uid;  /* 1", false},
      {"reorder", "storm_str cluster_uid;\n  storm_str host_uid;",
       "storm_str host_uid;\n  storm_str cluster_uid;", false},
      {"retype", "int32_t health;", "uint32_t health;", false},
      {"constant swap", "STORM_E_BUSY = -10,\n  STORM_E_UNAVAILABLE = -11",
       "STORM_E_BUSY = -11,\n  STORM_E_UNAVAILABLE = -10", false},
      {"thread class",
       "deadline comes\n   * first. The timer of a plugin that has no loop of its own. "
       "[wait]",
       "deadline comes\n   * first. The timer of a plugin that has no loop of its own. [any]",
       false},
      {"tail append", "storm_str bookmark;", "storm_str bookmark; uint64_t later;", true},
  };
  std::cout << "change           lock      first broken promise\n";
  for (const Row& row : kRows) {
    const std::vector<std::string> broken = bent(row.from, row.to);
    std::cout << std::left << std::setw(17) << row.change << std::setw(10)
              << (broken.empty() ? "passes" : "refused") << (broken.empty() ? "" : broken.front())
              << "\n";
    INFO(row.change);
    CHECK(broken.empty() == row.passes);
  }
}

TEST_CASE("abi lock: an inserted member is found", "[sdk]") {
  CHECK(bent("storm_str type;", "storm_str brand; storm_str type;") ==
        std::vector<std::string>{"storm_resource.type is not where it was"});
  CHECK(bent("storm_rc (*watch)(storm_inst*, const storm_call*, storm_str scope",
             "storm_rc (*peek)(storm_inst*); storm_rc (*watch)(storm_inst*, const storm_call*, "
             "storm_str scope") ==
        std::vector<std::string>{"storm_executor_v1.watch is not where it was"});
}

TEST_CASE("abi lock: members that swapped places are found", "[sdk]") {
  CHECK(bent("storm_str cluster_uid;\n  storm_str host_uid;",
             "storm_str host_uid;\n  storm_str cluster_uid;") ==
        std::vector<std::string>{"storm_resource.cluster_uid is not where it was"});
}

TEST_CASE("abi lock: another type of the same size is found", "[sdk]") {
  CHECK(bent("int32_t health;", "uint32_t health;") ==
        std::vector<std::string>{
            "storm_resource.health was [] int32_t at 140, is [] uint32_t at 140"});
  CHECK(bent("int64_t (*mono_ns)(const storm_host*);", "uint64_t (*mono_ns)(const storm_host*);")
            .size() == 1);
}

TEST_CASE("abi lock: a member that is gone is found", "[sdk]") {
  CHECK(bent("storm_str bookmark;", "") ==
        std::vector<std::string>{"storm_batch.bookmark is not where it was"});
}

TEST_CASE("abi lock: a constant of another value is found", "[sdk]") {
  CHECK(bent("STORM_E_BUSY = -10", "STORM_E_BUSY = -16") ==
        std::vector<std::string>{"STORM_E_BUSY was -10, is -16"});
  CHECK(bent("\"storm.executor/1\"\n", "\"storm.executor/2\"\n") ==
        std::vector<std::string>{"STORM_EXECUTOR_V1 was \"storm.executor/1\", is "
                                 "\"storm.executor/2\""});
  CHECK(bent("#define STORM_ABI_MAJOR 1", "#define STORM_ABI_MAJOR 2").size() == 1);
}

TEST_CASE("abi lock: another thread class is found", "[sdk]") {
  CHECK(bent("Frees the instance. [ctl]", "Frees the instance. [any]").size() == 1);
}

TEST_CASE("abi lock: a frozen struct may not grow", "[sdk]") {
  const auto broken =
      bent("  uint64_t n;\n} storm_str;", "  uint64_t n;\n  uint64_t capacity;\n} storm_str;");
  CHECK(std::ranges::count(broken, "storm_str is frozen and has grown") == 1);
}

}  // namespace
}  // namespace storm::abi
