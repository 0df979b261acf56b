// Every check there is. An id stays what it is; sdk/CHECKS.md has the same list for people.
#include <algorithm>

#include "plugin_check/check.hpp"
#include "plugin_check/executor_checks.hpp"
#include "plugin_check/life_checks.hpp"
#include "plugin_check/load_checks.hpp"
#include "plugin_check/operator_checks.hpp"
#include "plugin_check/static_checks.hpp"
#include "plugin_check/storage_checks.hpp"

namespace storm::plugin_check {
namespace {

using enum Severity;

constexpr Check kChecks[] = {
    {"static.manifest", Error, "", "the manifest is well-formed and fits the file", 10,
     &check_static_manifest},
    {"static.note", Error, "", "the ELF note is there once and says what the manifest says", 10,
     &check_static_note},
    {"static.exports", Error, "", "its entry is exported, and nothing else", 10,
     &check_static_exports},
    {"static.cxx_names", Error, "", "no exported name has a C++ type in it", 10,
     &check_static_names},
    {"static.gnu_unique", Error, "", "no symbol is shared with other plugins", 10,
     &check_static_unique},
    {"static.text_relocations", Error, "", "its code is not written to", 10,
     &check_static_relocations},
    {"static.stack", Error, "", "it needs no executable stack", 10, &check_static_stack},
    {"static.search_path", Error, "", "it finds libraries where the system does, or beside itself",
     10, &check_static_search_path},
    {"static.flags", Warning, "", "it is linked with -z now, relro and nodelete", 10,
     &check_static_flags},
    {"static.thread_storage", Warning, "", "its thread-local variables need no room of others", 10,
     &check_static_tls},
    {"static.needed", Error, "", "the libraries that it needs are there", 30, &check_static_needed},

    {"load.plugin", Error, "", "it loads, and its descriptor says what the manifest says", 20,
     &check_load_plugin},
    {"load.threads", Error, "", "mapping it starts no thread", 20, &check_load_threads},
    {"load.descriptors", Error, "", "mapping it opens no file and no socket", 20,
     &check_load_descriptors},
    {"load.signals", Error, "", "mapping it leaves signals alone", 20, &check_load_signals},
    {"load.process", Error, "", "mapping it leaves locale, umask, environment and folder alone", 20,
     &check_load_process},
    {"load.time", Warning, "", "mapping it takes 100 ms at most", 20, &check_load_time},
    {"load.entry", Error, "", "its entry answers the same, to later minors as well", 20,
     &check_load_entry},
    {"load.interfaces", Error, "", "it has a table for what it provides, and for nothing else", 20,
     &check_load_interfaces},

    {"life.create", Error, "", "an instance is made, started and ended", 30, &check_life_create},
    {"life.cycles", Error, "", "200 lives leave no thread, descriptor or memory behind", 120,
     &check_life_cycles},
    {"life.broken_config", Error, "", "a wrong configuration is refused in words", 60,
     &check_life_broken_config},
    {"life.services_withheld", Error, "", "it lives without each service that it asks for", 120,
     &check_life_services_withheld},
    {"life.newer_host", Error, "", "it works with a host of the next minor", 60,
     &check_life_newer_host},
    {"life.borrowed", Error, "", "it keeps no pointer to the arguments of its life's calls", 30,
     &check_life_borrowed},
    {"life.deadline", Error, "", "a call whose deadline is over comes back", 60,
     &check_life_deadline},
    {"life.carried_state", Error, "", "the next instance starts from what one left", 60,
     &check_life_carried_state},
    {"life.end", Error, "", "nothing of it runs after quiesce, nor calls after destroy", 60,
     &check_life_end},
    {"life.two_instances", Error, "", "two instances do not disturb each other", 60,
     &check_life_two_instances},
    {"life.process", Error, "", "an instance leaves what is the process's alone", 60,
     &check_life_process},
    {"threads.classes", Error, "", "services are used on the threads that they are for", 60,
     &check_thread_classes},

    {"executor.describe", Error, "executor", "describe answers JSON with agent_type", 30,
     &check_executor_describe},
    {"executor.concurrent", Error, "executor", "describe works on 16 threads at once", 60,
     &check_executor_concurrent},
    {"executor.result_refused", Error, "executor", "a result that is not taken fails the call", 30,
     &check_executor_result_refused},
    {"executor.publishes", Error, "executor", "its batches keep the rules", 60,
     &check_executor_publishes},
    {"executor.sync_idempotent", Warning, "executor", "listed again, the same is there", 90,
     &check_executor_idempotent},
    {"executor.revisions", Error, "executor", "the revision of a resource never falls", 60,
     &check_executor_revisions},
    {"executor.publish_refused", Error, "executor", "a listing ends when publish says so", 90,
     &check_executor_refused},
    {"executor.cancel", Error, "executor", "cancelled at any time, a call is back in 2 s", 90,
     &check_executor_cancel},
    {"executor.bookmark", Error, "executor", "a bookmark is taken, or is a conflict", 60,
     &check_executor_bookmark},
    {"executor.borrowed", Error, "executor", "it keeps no pointer to the arguments of a listing",
     60, &check_executor_borrowed},
    {"executor.operations", Error, "executor", "a procedure that is not known is refused", 30,
     &check_executor_operations},

    {"storage.rows", Error, "storage", "what is applied is loaded, in order of keys", 60,
     &check_storage_rows},
    {"storage.repeated", Error, "storage", "a transaction that is repeated changes nothing", 60,
     &check_storage_repeated},
    {"storage.expected", Error, "storage", "another revision than expected is a conflict", 60,
     &check_storage_expected},
    {"storage.fence", Error, "storage", "a lower fence than the highest seen is refused", 60,
     &check_storage_fence},
    {"storage.reopen", Error, "storage", "opened again, all is there", 60, &check_storage_reopen},
    {"storage.sink", Error, "storage", "a listing that is not taken ends", 60, &check_storage_sink},
    {"storage.limits", Error, "storage", "what every store must take is taken", 60,
     &check_storage_limits},

    {"operator.table", Error, "operator", "its table is whole, its names begin with $", 20,
     &check_operator_table},
    {"operator.compile", Error, "operator", "a wrong argument is refused in words", 60,
     &check_operator_compile},
    {"operator.values", Error, "operator", "every kind of value is answered", 90,
     &check_operator_values},
    {"operator.hint", Error, "operator", "no hint leaves out a value that matches", 60,
     &check_operator_hint},
    {"operator.hint_size", Error, "operator", "a hint is written no further than its size", 60,
     &check_operator_hint_size},
    {"operator.shared", Error, "operator", "8 threads share the programs", 90,
     &check_operator_shared},
    {"operator.bounded", Error, "operator", "hostile arguments take 50 ms at most", 120,
     &check_operator_bounded},
    {"operator.time", Error, "operator", "an answer stays until the time that was told", 60,
     &check_operator_time},
};

}  // namespace

std::span<const Check> all_checks() { return kChecks; }

const Check* find_check(std::string_view id) {
  const auto* const found = std::ranges::find(kChecks, id, &Check::id);
  return found == std::end(kChecks) ? nullptr : found;
}

}  // namespace storm::plugin_check
