// The commands of stormctl, one function each; the flags of each are a plain struct.
// They print results on standard output, failures on standard error, and return the exit code.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/event_stream.hpp"
#include "cli/nouns.hpp"
#include "cli/session.hpp"

namespace storm::cli {

struct ListOptions {
  std::optional<std::string> query;  // JSON
  std::string members;               // of this group only
  std::string type;
  std::string status;
  std::string health;
  std::int64_t limit = 0;  // 0: all
  bool tree = false;
  bool watch = false;
  bool initial = false;  // with watch, into a pipe: what is there comes first
};
ExitCode list_command(Session& session, const Noun& noun, const ListOptions& options);

struct GetOptions {
  std::vector<std::string> words;
  bool watch = false;
};
ExitCode get_command(Session& session, const Noun& noun, const GetOptions& options);
ExitCode remove_command(Session& session, const Noun& noun, const std::vector<std::string>& words);

struct EventsOptions {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> count;
  bool follow = false;
};
ExitCode events_command(Session& session, const EventsOptions& options);

struct WatchOptions {
  WatchRequest request;
  std::int64_t count = 0;  // 0: all
};
ExitCode watch_command(Session& session, const WatchOptions& options);

struct ImportOptions {
  std::vector<std::string> files;  // "-": standard input
  bool dry_run = false;
};
ExitCode import_command(Session& session, const ImportOptions& options);

struct MatchOptions {
  std::optional<std::string> query;
  std::string file = "-";  // "-": standard input
  std::string sort;        // "a,-b", or JSON
  std::string cases;       // file with conformance cases, in place of a query
  std::int64_t limit = 0;  // 0: all
  bool count = false;
  bool explain = false;
};
ExitCode match_command(Session& session, const MatchOptions& options);

// Why a resource is in a group or not.
ExitCode explain_command(Session& session, const std::string& resource, const std::string& group);
struct HistoryOptions {
  std::string group;
  std::string since;  // a time, or how long ago; empty: all that is kept
};
ExitCode history_command(Session& session, const HistoryOptions& options);
ExitCode past_members_command(Session& session, const std::string& group, const std::string& at);
ExitCode analyze_command(Session& session, const std::string& group);
ExitCode groups_of_command(Session& session, const std::string& resource);
ExitCode coverage_command(Session& session);

struct PluginNewOptions {
  std::string name;
  std::string kind = "executor";
  std::string language = "c";
};
// Writes the project of a new plugin into ./NAME; asks no server.
ExitCode plugin_new_command(Session& session, const PluginNewOptions& options);
// Becomes the program storm-plugin-check, which lies beside this one; returns only when it cannot.
ExitCode plugin_check_command(Session& session, std::vector<std::string> words);
ExitCode plugin_list_command(Session& session);
// `plugin`: an id, or a name that only one has.
ExitCode plugin_info_command(Session& session, const std::string& plugin);
// `action`: "reload", "enable", "disable" or "clear".
ExitCode plugin_act_command(Session& session, const std::string& plugin, const std::string& action);

ExitCode status_command(Session& session);
ExitCode doctor_command(Session& session);
ExitCode version_command(Session& session, bool client_only);
// `topic`: empty for the list of topics.
ExitCode help_command(const Session& session, const std::string& topic);
ExitCode completion_command(const Session& session, const std::string& shell);

}  // namespace storm::cli
