// storm-plugin-check: tries whether a plugin keeps the rules of the plugin ABI.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "core/document/json.hpp"
#include "plugin_check/report.hpp"

namespace {

using namespace storm;
using namespace storm::plugin_check;

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kReportDescriptor = 3;
constexpr int kPatienceMax = 1000;
// What most stores take, unless something else is given.
constexpr const char* kStoreConfig = R"({"path": "@DIR@/store"})";

struct Words {
  std::string library, manifest, config, json, junit, color = "auto", as_child, scratch;
  std::vector<std::string> only;
  std::uint64_t seed = 0;
  int patience = 1;
  bool list = false, as_json = false, strict = false, all = false;
};

int usage(const std::string& message) {
  fmt::print(stderr, "storm-plugin-check: {}\n", message);
  return kUsage;
}

void print_list(bool as_json) {
  if (as_json) {
    Value list = Value::array();
    for (const Check& check : all_checks()) {
      Value item = Value::object();
      item.add("id", check.id);
      item.add("severity", name_of(check.severity));
      item.add("kind", check.kind);
      item.add("what", check.what);
      list.push_back(std::move(item));
    }
    fmt::print("{}\n", to_json(list, 2));
    return;
  }
  for (const Check& check : all_checks()) {
    fmt::print("{:<25} {:<8} {:<9} {}\n", check.id, name_of(check.severity),
               check.kind.empty() ? "every" : check.kind, check.what);
  }
}

// The configuration itself, of "@FILE" the file's text; an Error when it is none.
Result<std::string> config_text(std::string text) {
  if (text.starts_with('@') && !text.starts_with("@DIR@")) {
    std::ifstream stream(text.substr(1), std::ios::binary);
    if (!stream) return Error{Errc::NotFound, "there is no file " + text.substr(1)};
    text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  const auto value = parse_json(text);
  if (!value) return Error{Errc::InvalidArgument, "--config: " + value.error().message};
  return text;
}

// "static.exports", or "static" for all of its kind.
bool asked_for(const Check& check, const std::vector<std::string>& only) {
  if (only.empty()) return true;
  for (const std::string& id : only) {
    if (check.id == id || check.id.starts_with(id + ".")) return true;
  }
  return false;
}

int run(const Words& words) {
  RunOptions options;
  std::error_code failed;
  options.library = std::filesystem::absolute(words.library, failed).lexically_normal();
  if (!std::filesystem::is_regular_file(options.library, failed)) {
    return usage("there is no file " + words.library);
  }
  options.manifest = words.manifest.empty()
                         ? std::filesystem::path(options.library).replace_extension(".yaml")
                         : std::filesystem::absolute(words.manifest, failed).lexically_normal();
  const Result<Manifest> manifest = read_manifest(options.manifest);
  const bool store = manifest && manifest->kind == "storage";
  const Result<std::string> config = config_text(!words.config.empty() ? words.config
                                                 : store               ? kStoreConfig
                                                                       : "{}");
  if (!config) return usage(config.error().message);
  options.config = *config;
  options.seed = words.seed > 0 ? words.seed : std::random_device{}();
  // A child is told all of it.
  options.patience = words.as_child.empty() ? kSlowness * words.patience : words.patience;
  for (const std::string& id : words.only) {
    const std::vector<std::string> one = {id};
    bool known = false;
    for (const Check& check : all_checks()) known |= asked_for(check, one);
    if (!known) return usage("there is no check " + id + "; --list names them all");
  }
  if (!words.as_child.empty()) {
    const Check* const check = find_check(words.as_child);
    if (!check) return usage("there is no check " + words.as_child);
    run_as_child(*check, options, kReportDescriptor, words.scratch);
  }

  RunReport report;
  report.library = options.library.string();
  report.plugin = options.library.filename().string();
  report.seed = options.seed;
  report.strict = words.strict;
  if (manifest) report.plugin = manifest->id + " " + manifest->version;
  const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !std::getenv("NO_COLOR");
  const TextStyle style{words.color == "always" || (words.color == "auto" && terminal), words.all};
  for (const Check& check : all_checks()) {
    if (!asked_for(check, words.only)) continue;
    if (manifest && !check.kind.empty() && check.kind != manifest->kind) continue;
    // Without a manifest nothing is known of the plugin.
    if (!manifest && check.id != "static.manifest") continue;
    report.outcomes.push_back(run_in_child(check, options));
    if (words.as_json) continue;
    fmt::print("{}", to_text(report.outcomes.back(), words.strict, style));
    std::fflush(stdout);
  }
  if (report.outcomes.empty()) return usage("no check of those is for this plugin");
  if (words.as_json) {
    fmt::print("{}", to_json_text(report));
  } else {
    fmt::print("{}", summary_of(report));
  }
  if (!words.junit.empty()) {
    std::ofstream stream(words.junit, std::ios::binary);
    stream << to_junit(report);
    if (!stream.flush()) return usage(words.junit + " cannot be written");
  }
  return report.failed() ? kFailed : kFine;
}

}  // namespace

int main(int argc, char** argv) {
  Words words;
  CLI::App app(
      "Tries whether a plugin keeps the rules of the plugin ABI of Perfect Storm.\n"
      "Each check runs in a process of its own, which may die with the plugin.",
      "storm-plugin-check");
  app.set_version_flag("--version", STORM_VERSION);
  app.add_option("FILE", words.library, "the shared object, such as executor-swarm.so");
  app.add_option("--manifest", words.manifest,
                 "its manifest; else FILE with .yaml in place of .so");
  app.add_option("--config", words.config,
                 "configuration of the instance, JSON or @FILE; @DIR@ in it is an empty folder");
  app.add_option("--only", words.only, "only this check, or all of a group such as static")
      ->allow_extra_args(false);
  app.add_option("--seed", words.seed, "repeat what a run that printed this seed did");
  app.add_option("--patience", words.patience, "multiplies the time that each check may take")
      ->check(CLI::Range(1, kPatienceMax));
  app.add_option("--junit", words.junit, "write a JUnit report to this file");
  app.add_option("--color", words.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--json", words.as_json, "print a JSON report");
  app.add_flag("--strict", words.strict, "a warning fails, too");
  app.add_flag("-v,--verbose", words.all, "show notes, and what the plugin wrote");
  app.add_flag("--list", words.list, "name the checks");
  app.add_option("--as-child", words.as_child)->group("");
  app.add_option("--scratch", words.scratch)->group("");
  app.footer("Exit codes: 0 all is well, 1 a check failed, 2 the command line is wrong.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFine : kUsage;
  }
  if (words.list) {
    print_list(words.as_json);
    return kFine;
  }
  if (words.library.empty()) return usage("which plugin? See --help");
  return run(words);
}
