#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "cli/arrange_words.hpp"
#include "cli/commands.hpp"
#include "cli/nearest.hpp"
#include "core/model/names.hpp"

namespace storm::cli {
namespace {

constexpr std::int64_t kEventsShownMax = 10'000;  // the server answers no more

using Action = std::function<ExitCode(Session&)>;

constexpr const char* kOverview =
    R"(stormctl shows and changes what a Perfect Storm server (stormd) knows.

Examples:
  stormctl resources ls                       what runs in your clouds
  stormctl resources ls --tree -w             the same as a tree that stays current
  stormctl import -f examples/hello-world.yml define groups and applications
  stormctl group members frontend             what is in a group now
  stormctl events -f                          what changes, as it changes

Nouns: resources groups apps agents procedures jobs subscriptions views, in singular
and plural; `stormctl get groups` says the same as `stormctl groups ls`.)";

// Every flag of every command, the command that was chosen, and what it does.
struct Parsed {
  GlobalOptions global;
  ListOptions list;
  GetOptions get;
  EventsOptions events;
  WatchOptions watch;
  ImportOptions import;
  MatchOptions match;
  HistoryOptions history;
  PluginNewOptions plugin_new;
  std::string plugin;  // an id or a name
  std::vector<std::string> plugin_check;
  std::string explained;  // a resource
  std::string at;
  std::vector<std::string> words;
  std::string fields;
  std::string topic;
  std::string shell;
  std::int64_t start = 0;
  std::int64_t count = 0;
  bool client_only = false;
  bool clear = false;
  bool no_color = false;
  bool quiet = false;
  Action action;
};

// Later versions of CLI11 reflow descriptions, which would tear examples apart.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + "\n";
  }
};

std::string with_examples(const std::string& summary, const std::string& examples) {
  return summary + "\n\nExamples:\n" + examples;
}

CLI::App* add_command(CLI::App& above, const std::string& name, const std::string& summary) {
  CLI::App* command = above.add_subcommand(name, summary);
  command->fallthrough();
  return command;
}

// What the flag does not know is told with the word that was meant, or with all there are.
[[noreturn]] void refuse_word(std::string_view flag, const std::string& word,
                              const std::vector<std::string>& known) {
  const std::string near = did_you_mean(word, known);
  throw CLI::ValidationError(
      fmt::format("{} does not know \"{}\"; {}", flag, word,
                  near.empty() ? fmt::format("it takes {}", fmt::join(known, ", ")) : near));
}

// A flag that takes one of a closed set of words.
void add_word_flag(CLI::App& app, const char* name, std::string& target,
                   std::span<const std::string_view> known, const char* type, const char* summary) {
  app.add_option_function<std::string>(
         name,
         [&target, name, known](const std::string& word) {
           if (std::find(known.begin(), known.end(), word) == known.end()) {
             refuse_word(name, word, {known.begin(), known.end()});
           }
           target = word;
         },
         summary)
      ->type_name(type);
}

// A flag that takes a whole number from `low` to `high`.
CLI::Option* add_number_flag(CLI::App& app, const char* name, std::int64_t& target,
                             std::int64_t low, std::int64_t high, const char* summary) {
  return app
      .add_option_function<std::string>(
          name,
          [&target, name, low, high](const std::string& text) {
            std::int64_t number = 0;
            const char* end = text.data() + text.size();
            const auto [stop, fault] = std::from_chars(text.data(), end, number);
            if (fault != std::errc() || stop != end || number < low || number > high) {
              const std::string upwards = high == INT64_MAX ? "on" : fmt::format("to {}", high);
              throw CLI::ValidationError(fmt::format(
                  "{} takes a whole number from {} {}, not \"{}\"", name, low, upwards, text));
            }
            target = number;
          },
          summary)
      ->type_name("N");
}

void add_global_flags(CLI::App& app, Parsed& parsed) {
  static const std::map<std::string, OutputFormat> kFormats = {
      {"table", OutputFormat::Table},   {"wide", OutputFormat::Wide}, {"json", OutputFormat::Json},
      {"ndjson", OutputFormat::Ndjson}, {"yaml", OutputFormat::Yaml}, {"name", OutputFormat::Name},
      {"id", OutputFormat::Id}};
  static const std::map<std::string, ColorMode> kColorModes = {
      {"auto", ColorMode::Auto}, {"always", ColorMode::Always}, {"never", ColorMode::Never}};
  GlobalOptions& options = parsed.global;
  const auto add_choice = [&app](const char* name, auto& target, const auto& choices,
                                 const char* list, const char* summary) {
    return app
        .add_option_function<std::string>(
            name,
            [&target, &choices, name](const std::string& text) {
              const auto found = choices.find(text);
              if (found == choices.end()) {
                std::vector<std::string> known;
                for (const auto& [word, value] : choices) known.push_back(word);
                const std::string_view flag(name);
                refuse_word(flag.substr(flag.find(',') + 1), text, known);
              }
              target = found->second;
            },
            summary)
        ->type_name(list);
  };
  app.add_option("-C,--connect", options.connect, "The server (default 127.0.0.1:28482)")
      ->type_name("HOST[:PORT]");
  add_choice("-o,--output", options.output, kFormats, "table|wide|json|ndjson|yaml|name|id",
             "The form of what is printed");
  app.add_flag("-q,--quiet", parsed.quiet,
               "Before the noun, or last: print ids only, as -o id does");
  app.add_option("--fields", parsed.fields, "Show these fields only")->type_name("A,B.C");
  app.add_flag("--no-headers", options.no_headers, "Leave out the first line of tables");
  add_choice("--color", options.color, kColorModes, "auto|always|never", "Whether to use colours");
  app.add_flag("--no-color", parsed.no_color, "The same as --color=never");
  app.add_option_function<std::string>(
         "--timeout",
         [&options](const std::string& text) {
           const char* end = text.data() + text.size();
           const auto [stop, fault] = std::from_chars(text.data(), end, options.timeout_seconds);
           if (fault != std::errc() || stop != end) options.timeout_seconds = 0;  // is refused
         },
         "How long to wait for an answer (default 30)")
      ->type_name("SECONDS");
  app.add_option("--token-file", options.token_file, "File with a bearer token")->type_name("FILE");
  app.add_option("--cacert", options.authority, "Certificates to trust, for https://")
      ->type_name("FILE");
  app.add_flag("-D,--debug", options.debug, "Print each request on standard error");
  app.add_flag("-v,--verbose", options.verbose, "Say what was done, into a pipe as well");
  app.add_flag("-y,--yes", options.yes, "Remove without asking");
}

void add_list_flags(CLI::App& command, Parsed& parsed, bool resources) {
  ListOptions& list = parsed.list;
  command.add_option("-q,--query", list.query, "Only what matches; see `stormctl help query`")
      ->type_name("JSON");
  add_number_flag(command, "--limit", list.limit, 1, INT64_MAX, "At most so many");
  CLI::Option* watch = command.add_flag(
      "-w,--watch", list.watch, "Stay: a terminal is redrawn, a pipe gets a line for each change");
  command.add_flag("--initial", list.initial, "With -w into a pipe: tell first what is there")
      ->needs(watch);
  if (!resources) return;
  command.add_option("--type", list.type, "Only of this type")->type_name("TYPE");
  add_word_flag(command, "--status", list.status, kStatusNames, "STATUS", "Only with this status");
  add_word_flag(command, "--health", list.health, kHealthNames, "HEALTH", "Only with this health");
  command.add_flag("--tree", list.tree, "Draw each resource below its parent");
}

void add_noun(CLI::App& app, Parsed& parsed, const Noun& noun) {
  const std::string name(noun.name);
  const std::string plural(noun.plural);
  const bool resources = noun.name == "resource";
  const std::string_view more = noun.name == "group" ? ", list their members" : "";
  CLI::App* command =
      add_command(app, name, fmt::format("List, show and remove {}{}", plural, more));
  command->require_subcommand(1);

  std::string examples =
      fmt::format("  stormctl {} ls\n  stormctl {} ls -o json\n", plural, plural);
  if (resources) {
    examples +=
        "  stormctl resources ls --type swarm-task --status running\n"
        "  stormctl resources ls --group frontend --tree\n"
        "  stormctl resources ls -q '{\"image\": {\"$regex\": \"^library/nginx:\"}}' -w\n";
  }
  CLI::App* list =
      add_command(*command, "ls", with_examples(fmt::format("List the {}.", plural), examples));
  add_list_flags(*list, parsed, resources);
  if (resources) {
    list->add_option("--group", parsed.list.members, "Only members of this group")
        ->type_name("GROUP");
  }
  list->final_callback([&parsed, &noun] {
    parsed.action = [&parsed, &noun](Session& session) {
      return list_command(session, noun, parsed.list);
    };
  });

  CLI::App* get = add_command(
      *command, "get",
      with_examples(fmt::format("Show {} in full.", plural),
                    fmt::format("  stormctl {} get NAME\n  stormctl {} get {}6sD7G -o json\n", name,
                                name, noun.id_prefix)));
  get->add_option("ID", parsed.get.words, "Ids, beginnings of ids, or names")->required();
  get->add_flag("-w,--watch", parsed.get.watch, "Stay, and show what changes");
  get->final_callback([&parsed, &noun] {
    parsed.action = [&parsed, &noun](Session& session) {
      return get_command(session, noun, parsed.get);
    };
  });

  CLI::App* remove = add_command(
      *command, "rm",
      with_examples(
          fmt::format("Remove {}. Asks first on a terminal.", plural),
          fmt::format("  stormctl {} rm NAME\n  stormctl {} rm NAME OTHER --yes\n", name, name)));
  remove->add_option("ID", parsed.words, "Ids, beginnings of ids, or names")->required();
  remove->final_callback([&parsed, &noun] {
    parsed.action = [&parsed, &noun](Session& session) {
      return remove_command(session, noun, parsed.words);
    };
  });

  if (resources) {
    CLI::App* groups = add_command(*command, "groups",
                                   with_examples("List the groups that a resource is in.",
                                                 "  stormctl resource groups webapp.1\n"));
    groups->add_option("RESOURCE", parsed.explained, "Id, beginning of an id, or name")->required();
    groups->final_callback([&parsed] {
      parsed.action = [&parsed](Session& session) {
        return groups_of_command(session, parsed.explained);
      };
    });
  }

  if (noun.name != "group") return;
  CLI::App* members = add_command(
      *command, "members",
      with_examples("List the resources that are in a group now.",
                    "  stormctl group members frontend\n"
                    "  stormctl group members frontend -q '{\"health\": \"unhealthy\"}'\n"
                    "  stormctl group members frontend -w\n"));
  members->add_option("GROUP", parsed.list.members, "Id or name of the group")->required();
  add_list_flags(*members, parsed, true);
  CLI::Option* at =
      members
          ->add_option("--at", parsed.at, "Who was in it then: a time, or 10m ago; takes no filter")
          ->type_name("TIME");
  for (const CLI::Option* filter : members->get_options()) {
    if (!filter->get_lnames().empty() && filter != at && filter != members->get_help_ptr())
      at->excludes(members->get_option("--" + filter->get_lnames().front()));
  }
  members->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      if (!parsed.at.empty()) return past_members_command(session, parsed.list.members, parsed.at);
      return list_command(session, *find_noun("resource"), parsed.list);
    };
  });

  CLI::App* history = add_command(*command, "history",
                                  with_examples("Show who joined and left a group.",
                                                "  stormctl group history frontend\n"
                                                "  stormctl group history frontend --since 1h\n"));
  history->add_option("GROUP", parsed.history.group, "Id or name of the group")->required();
  history->add_option("--since", parsed.history.since, "A time, or how long ago (90s, 5m, 2h, 1d)")
      ->type_name("TIME");
  history->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return history_command(session, parsed.history);
    };
  });

  CLI::App* analyze = add_command(*command, "analyze",
                                  with_examples("Tell what the query of a group costs, and why.",
                                                "  stormctl group analyze frontend\n"));
  analyze->add_option("GROUP", parsed.history.group, "Id or name of the group")->required();
  analyze->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return analyze_command(session, parsed.history.group);
    };
  });
}

void add_insight(CLI::App& app, Parsed& parsed) {
  CLI::App* explain =
      add_command(app, "explain",
                  with_examples("Tell why a resource is in a group, or what keeps it out.",
                                "  stormctl explain webapp.1 --group frontend\n"
                                "  stormctl explain res-6sD7G --group frontend -o json\n"));
  explain->add_option("RESOURCE", parsed.explained, "Id, beginning of an id, or name")->required();
  explain->add_option("--group", parsed.history.group, "Id or name of the group")
      ->required()
      ->type_name("GROUP");
  explain->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return explain_command(session, parsed.explained, parsed.history.group);
    };
  });
  CLI::App* coverage = add_command(
      app, "coverage",
      with_examples("Show what is in no group, groups without members, and applications "
                    "that lack something.",
                    "  stormctl coverage\n"));
  coverage->final_callback(
      [&parsed] { parsed.action = [](Session& session) { return coverage_command(session); }; });
}

void add_import(CLI::App& app, Parsed& parsed) {
  CLI::App* command = add_command(
      app, "import",
      with_examples("Create or change what files define: groups, applications, views and "
                    "procedures, by name.\nAll or nothing: every file is checked first.",
                    "  stormctl import -f examples/hello-world.yml\n"
                    "  stormctl import groups.yml apps.yml -v\n"
                    "  generate | stormctl import -f -\n"));
  command->add_option("-f,--file", parsed.import.files, "YAML or JSON; - is standard input")
      ->expected(1)
      ->take_all()
      ->type_name("FILE");
  command->add_option("FILE", parsed.words, "The same, without -f");
  command->add_flag("--dry-run", parsed.import.dry_run, "Check everything, change nothing");
  command->final_callback([&parsed] {
    std::vector<std::string>& files = parsed.import.files;
    files.insert(files.end(), parsed.words.begin(), parsed.words.end());
    if (files.empty()) throw CLI::RequiredError("FILE");
    parsed.action = [&parsed](Session& session) { return import_command(session, parsed.import); };
  });
}

void add_events(CLI::App& app, Parsed& parsed) {
  CLI::App* command = add_command(app, "events",
                                  with_examples("Show what was created, updated and deleted.",
                                                "  stormctl events --count 20\n"
                                                "  stormctl events -f\n"
                                                "  stormctl events -f --start 1200 -o ndjson\n"));
  command->add_flag("-f,--follow", parsed.events.follow, "Stay, and show events as they happen");
  CLI::Option* start = add_number_flag(*command, "--start", parsed.start, 0, INT64_MAX,
                                       "The number of the first event to show");
  CLI::Option* count =
      add_number_flag(*command, "--count", parsed.count, 0, kEventsShownMax,
                      "At most so many events (default: the newest 128; with -f: all)");
  command->final_callback([&parsed, start, count] {
    if (start->count() > 0) parsed.events.start = parsed.start;
    if (count->count() > 0) parsed.events.count = parsed.count;
    parsed.action = [&parsed](Session& session) { return events_command(session, parsed.events); };
  });
}

void add_match(CLI::App& app, Parsed& parsed) {
  MatchOptions& match = parsed.match;
  CLI::App* command = add_command(
      app, "match",
      with_examples(
          "Print the lines of a file of JSON documents that match a query. Asks no "
          "server.\nExit code 0: some match, 1: none, 2: the query or a line is wrong.",
          "  stormctl match '{\"image\": {\"$regex\": \"^redis:\"}}' docs.jsonl\n"
          "  stormctl resources ls -o ndjson | stormctl match '{\"stale\": true}' --count\n"
          "  stormctl match '{\"n\": {\"$gt\": 5}}' docs.jsonl --sort -n,name --limit 3\n"
          "  stormctl match '{\"status\": \"running\"}' docs.jsonl --explain\n"));
  command->add_option("QUERY", match.query, "A filter; see `stormctl help query`");
  command->add_option("FILE", match.file, "JSON lines (default: standard input)");
  command->add_flag("--count", match.count, "Print how many match");
  command->add_option("--sort", match.sort, "Order: names, a minus for downwards, or JSON")
      ->type_name("A,-B");
  add_number_flag(*command, "--limit", match.limit, 1, INT64_MAX, "At most so many");
  command->add_flag("--explain", match.explain,
                    "Print how often each condition failed, on which values, and the nearest miss");
  command->add_option("--cases", match.cases, "Run a file of conformance cases in place of a query")
      ->type_name("FILE");
  command->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) { return match_command(session, parsed.match); };
  });
}

void add_watch(CLI::App& app, Parsed& parsed) {
  CLI::App* command =
      add_command(app, "watch",
                  with_examples("Tell who joins and leaves groups and what changes, as it happens.",
                                "  stormctl watch                                   everything\n"
                                "  stormctl watch --group frontend --group database\n"
                                "  stormctl watch -q '{\"health\": \"unhealthy\"}' --initial\n"
                                "  stormctl watch --group frontend --since CURSOR -o json\n"));
  WatchRequest& request = parsed.watch.request;
  const auto add = [command](const char* name, std::vector<std::string>& target, const char* type,
                             const char* summary) {
    command->add_option(name, target, summary)->expected(1)->take_all()->type_name(type);
  };
  add("--group", request.groups, "GROUP", "The members of this group");
  add("--resource", request.resources, "ID", "This resource");
  add("--type", request.types, "TYPE", "Resources of this type");
  add("-q,--query", request.queries, "JSON", "What matches; see `stormctl help query`");
  command->add_flag("--initial", request.initial, "Tell first what is there");
  command->add_option("--since", request.since, "Go on after this cursor of an earlier message")
      ->type_name("CURSOR");
  add_number_flag(*command, "--count", parsed.watch.count, 1, INT64_MAX,
                  "At most so many messages");
  command->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) { return watch_command(session, parsed.watch); };
  });
}

void add_plugin(CLI::App& app, Parsed& parsed) {
  CLI::App* plugin = add_command(
      app, "plugin",
      with_examples("See and steer the plugins of the server, or write one of your own.",
                    "  stormctl plugin ls\n"
                    "  stormctl plugin info swarm\n"
                    "  stormctl plugin reload swarm\n"
                    "  stormctl plugin quarantine swarm --clear\n"));
  add_command(*plugin, "ls", "Which plugins there are, and what runs of them")
      ->alias("list")
      ->final_callback([&parsed] { parsed.action = plugin_list_command; });
  const auto of_one = [&](const std::string& word, const std::string& help) {
    CLI::App* command = add_command(*plugin, word, help);
    command->add_option("PLUGIN", parsed.plugin, "An id, or a name that only one has")->required();
    return command;
  };
  of_one("info", "All about one plugin")->alias("get")->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return plugin_info_command(session, parsed.plugin);
    };
  });
  const auto act = [&](CLI::App* command, const std::string& action) {
    command->final_callback([&parsed, action] {
      parsed.action = [&parsed, action](Session& session) {
        return plugin_act_command(session, parsed.plugin, action);
      };
    });
  };
  act(of_one("reload", "Start its executors anew, with the build that is installed now"), "reload");
  act(of_one("disable", "End its executors, until they are enabled or stormd starts again"),
      "disable");
  act(of_one("enable", "Start the executors that were disabled"), "enable");
  CLI::App* quarantine =
      of_one("quarantine", "Let a plugin run again whose process died too often");
  quarantine->add_flag("--clear", parsed.clear, "Do so")->required();
  act(quarantine, "clear");
  plugin->require_subcommand(1);
  CLI::App* create = add_command(
      *plugin, "new",
      with_examples(
          "Write the project of a new plugin into ./NAME: it builds with CMake, and works "
          "as it is.\nAsks no server.",
          "  stormctl plugin new my_cloud\n"
          "  stormctl plugin new my_cloud --kind executor --lang cpp\n"
          "  stormctl plugin new my_words --kind operator --lang cpp\n"));
  create->add_option("NAME", parsed.plugin_new.name, "Lower-case letters, digits and underscores")
      ->required();
  create->add_option("--kind", parsed.plugin_new.kind, "What it does (default executor)")
      ->type_name("executor|storage|operator");
  create->add_option("--lang", parsed.plugin_new.language, "The language (default c)")
      ->type_name("c|cpp");
  create->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return plugin_new_command(session, parsed.plugin_new);
    };
  });
  CLI::App* check = add_command(
      *plugin, "check",
      with_examples("Try whether a plugin keeps the rules, by storm-plugin-check; what follows is "
                    "given to it.\nAsks no server.",
                    "  stormctl plugin check executor-my_cloud.so\n"
                    "  stormctl plugin check executor-my_cloud.so --strict --only life\n"));
  check
      ->add_option("FILE", parsed.plugin_check,
                   "The shared object, and flags of storm-plugin-check")
      ->required();
  check->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return plugin_check_command(session, parsed.plugin_check);
    };
  });
}

void add_others(CLI::App& app, Parsed& parsed) {
  add_command(app, "status",
              with_examples("Count what the server knows.",
                            "  stormctl status\n  stormctl status -o json\n"))
      ->final_callback([&parsed] { parsed.action = status_command; });
  add_command(app, "doctor",
              with_examples("Check the server and each agent, and how agents follow their clouds.",
                            "  stormctl doctor\n  stormctl -C 10.0.1.7 doctor\n"))
      ->final_callback([&parsed] { parsed.action = doctor_command; });

  CLI::App* version = add_command(app, "version", "Print the versions of stormctl and the server");
  version->add_flag("--client", parsed.client_only, "Do not ask the server");
  version->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return version_command(session, parsed.client_only);
    };
  });

  CLI::App* help = add_command(
      app, "help", "Explain a command, or a topic: exit-codes query environment formatting");
  help->add_option("TOPIC", parsed.topic);
  help->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) { return help_command(session, parsed.topic); };
  });

  CLI::App* completion = add_command(
      app, "completion",
      with_examples("Print the completion of a shell.",
                    "  source <(stormctl completion bash)\n"
                    "  stormctl completion fish > ~/.config/fish/completions/stormctl.fish\n"));
  completion->add_option("SHELL", parsed.shell, "bash, zsh or fish")->required();
  completion->final_callback([&parsed] {
    parsed.action = [&parsed](Session& session) {
      return completion_command(session, parsed.shell);
    };
  });
}

void build(CLI::App& app, Parsed& parsed) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "stormctl " STORM_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message(CLI::FailureMessage::simple);
  add_global_flags(app, parsed);
  for (const Noun& noun : nouns()) add_noun(app, parsed, noun);
  add_import(app, parsed);
  add_events(app, parsed);
  add_watch(app, parsed);
  add_insight(app, parsed);
  add_match(app, parsed);
  add_plugin(app, parsed);
  add_others(app, parsed);
}

std::vector<std::string> split_fields(std::string_view text) {
  std::vector<std::string> fields;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) fields.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return fields;
}

ExitCode refuse(const ErrorBlock& block) {
  std::fputs(to_text(block).c_str(), stderr);
  return block.exit;
}

// Of a command and those above it.
std::vector<std::string> options_of(const std::vector<const CLI::App*>& chain) {
  std::vector<std::string> names;
  for (const CLI::App* app : chain) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// The first word that looks like an option and is none; empty when there is no such word.
std::string unknown_option(const std::vector<const CLI::App*>& chain,
                           const std::vector<std::string>& words) {
  const auto find = [&](const std::string& name) -> const CLI::Option* {
    for (const CLI::App* app : chain) {
      if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
    }
    return nullptr;
  };
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') continue;
    const bool is_long = word[1] == '-';
    const std::string name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
    const CLI::Option* option = find(name);
    if (option == nullptr) return name;
    if (option->get_type_size() > 0 && word == name) ++i;  // the next word is its value
  }
  return {};
}

// Parses into `parsed`; the exit code when there is nothing more to do.
std::optional<ExitCode> parse(CLI::App& app, std::vector<std::string> words) {
  const std::vector<std::string> given = words;
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::Success& done) {  // --help, --version
    app.exit(done);
    return ExitCode::Ok;
  } catch (const CLI::ParseError& error) {
    std::string command = "stormctl";
    std::vector<const CLI::App*> chain = {&app};
    while (!chain.back()->get_subcommands().empty()) {
      chain.push_back(chain.back()->get_subcommands().front());
      command += " " + chain.back()->get_name();
    }
    ErrorBlock block{ExitCode::Usage, error.what()};
    const std::string unknown = unknown_option(chain, given);
    if (!unknown.empty()) {
      block.message = fmt::format("unknown option \"{}\"", unknown);
      const std::string near = did_you_mean(unknown, options_of(chain));
      if (!near.empty()) block.details.push_back(near);
    }
    block.details.push_back("hint: " + command + " --help");
    return refuse(block);
  }
}

// Others print what they print: a choice of fields would be ignored.
bool takes_fields(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const std::string& name = command->get_name();
  if (name == "members") return command->get_option("--at")->count() == 0;
  return name == "ls" || name == "get" || name == "match";
}

}  // namespace

ExitCode run_command_line(std::vector<std::string> words) {
  ArrangedWords arranged = arrange_words(std::move(words));
  if (arranged.failed) return refuse(arranged.error);
  Parsed parsed;
  CLI::App app(kOverview, "stormctl");
  build(app, parsed);
  if (arranged.words.empty()) {
    std::fputs(app.help().c_str(), stderr);
    return ExitCode::Usage;
  }
  if (const auto done = parse(app, std::move(arranged.words))) return *done;
  parsed.global.output_given = app.get_option("--output")->count() > 0;
  if (parsed.quiet && !parsed.global.output_given) {
    parsed.global.output = OutputFormat::Id;
    parsed.global.output_given = true;
  }
  parsed.global.fields = split_fields(parsed.fields);
  if (app.get_option("--fields")->count() > 0) {
    if (parsed.global.fields.empty())
      return refuse({ExitCode::Usage, "--fields takes names of fields, such as id,names"});
    if (!takes_fields(app)) {
      return refuse(
          {ExitCode::Usage, "only ls, get, match, and members without --at take --fields"});
    }
  }
  if (parsed.no_color) parsed.global.color = ColorMode::Never;
  auto session = make_session(parsed.global);
  if (!session) return refuse({ExitCode::Usage, session.error().message});
  const ExitCode code = parsed.action(*session);
  if (std::fflush(stdout) != 0 && code == ExitCode::Ok) return ExitCode::Failure;
  return code;
}

}  // namespace storm::cli
