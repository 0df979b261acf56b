#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"

namespace storm::cli {
namespace {

enum class Finding { Good, Doubtful, Bad };

// Collects findings, to be printed one below the other, and remembers the worst.
class Report {
 public:
  explicit Report(const Session& session) : session_(session) {}

  void add(Finding finding, std::string_view subject, std::string_view what,
           std::string_view remedy = {}) {
    lines_.push_back({finding, printable(subject), printable(what), printable(remedy)});
    if (finding == Finding::Bad) bad_ = true;
  }

  void print() const {
    static constexpr std::string_view kWords[] = {"ok", "warn", "FAIL"};
    static constexpr std::string_view kColors[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    std::size_t width = 0;
    for (const Line& line : lines_) width = std::max(width, display_width(line.subject));
    for (const Line& line : lines_) {
      const auto index = static_cast<std::size_t>(line.finding);
      std::string word = fmt::format("{:<4}", kWords[index]);
      if (session_.terminal.colors) word = std::string(kColors[index]) + word + "\x1b[0m";
      const std::string gap(width - display_width(line.subject), ' ');
      session_.print(fmt::format("{}   {}{}   {}\n", word, line.subject, gap, line.what));
      if (line.remedy.empty()) continue;
      session_.print(fmt::format("       {}   {}\n", std::string(width, ' '), line.remedy));
    }
  }
  bool bad() const { return bad_; }

 private:
  struct Line {
    Finding finding;
    std::string subject, what, remedy;
  };
  const Session& session_;
  std::vector<Line> lines_;
  bool bad_ = false;
};

std::string text_at(const Value& document, std::string_view path) {
  const Value* value = at_path(document, path);
  return value == nullptr ? std::string() : text_of(*value);
}

// Says nothing: null, or a text, list or object without anything in it.
bool is_empty(const Value& value) {
  return value.is_null() || (value.is_object() && value.as_object().empty()) ||
         text_of(value).empty();
}

// "tier: 2, why: not a manager", of those who want to know all; else why an agent does not follow
// its cloud in a better way, where its summary does not say that already.
std::string details_of(const Value& agent, const std::string& summary, bool all) {
  const Value* detail = at_path(agent, "source.detail");
  if (detail == nullptr || is_empty(*detail)) return {};
  if (!detail->is_object()) return text_of(*detail);
  std::string line;
  for (const auto& [key, value] : detail->as_object()) {
    if (is_empty(value)) continue;
    if (all) {
      line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", key, text_of(value));
    } else if (key.starts_with("why") && summary.find(text_of(value)) == std::string::npos) {
      line = text_of(value);
    }
  }
  return line;
}

// An agent says how it follows its cloud, and what keeps it from a better way.
void examine_agent(const Value& agent, bool all, Report& report) {
  std::string name = text_at(agent, "name");
  if (name.empty()) name = id_of(agent);
  const std::string subject = "agent " + name;
  const std::string status = text_at(agent, "status");
  const std::string state = text_at(agent, "source.state");
  const std::string summary = text_at(agent, "source.summary");
  std::string what = text_at(agent, "type");
  for (const std::string& word : {status, state}) {
    if (!word.empty()) what += (what.empty() ? "" : ", ") + word;
  }
  if (!summary.empty()) what += ": " + summary;
  const bool troubled = !state.empty() && state != "live";
  const Finding finding = status != "online" || state == "lost" ? Finding::Bad
                          : troubled                            ? Finding::Doubtful
                                                                : Finding::Good;
  report.add(finding, subject, what, details_of(agent, summary, all));
}

// A group that was removed is gone from the applications that had it.
void examine_applications(Session& session, Report& report) {
  const Answer answer = session.client.get(path_to("apps", {}, {{"fields", "id,name,components"}}));
  if (!answer.ok() || !answer.body.is_array()) return;
  for (const Value& application : answer.body.as_array()) {
    const Value* components = application.find("components");
    if (components == nullptr || !components->is_array() || !components->as_array().empty())
      continue;
    const std::string name = text_at(application, "name");
    report.add(Finding::Doubtful, "application " + (name.empty() ? id_of(application) : name),
               "has no components", "its groups were removed: import it again, or remove it");
  }
}

}  // namespace

ExitCode doctor_command(Session& session) {
  Report report(session);
  const std::string& address = session.client.options().address.url;
  const auto began = std::chrono::steady_clock::now();
  Answer index = session.client.get("/v1/");
  const double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  if (!index.ok() && index.status == 0) return session.fail(*index.error);
  if (index.ok()) {
    report.add(Finding::Good, "server",
               fmt::format("{} answers in {:.0f} ms", address, milliseconds));
  } else {
    report.add(Finding::Bad, "server", fmt::format("{}: {}", address, index.error->message),
               "is this stormd? set the address with -C HOST:PORT or STORMD_HOST");
  }

  const Answer health = session.client.get("/healthz");
  if (health.ok()) {
    report.add(Finding::Good, "store",
               text_at(health.body, "store") == "memory" ? "nothing outlives stormd (--ephemeral)"
                                                         : "what is written is kept");
  } else {
    const std::string reason = text_at(health.body, "reason");
    report.add(Finding::Bad, "store", reason.empty() ? health.error->message : reason,
               "make room for it, or let it be written");
  }
  const Answer ready = session.client.get("/readyz");
  const Value* waiting = ready.body.find("not_synced");
  if (ready.ok()) {
    report.add(Finding::Good, "ready", "every agent has listed its cloud");
  } else if (waiting != nullptr && waiting->is_array()) {
    report.add(Finding::Doubtful, "ready",
               fmt::format("{} of the agents below cannot tell all there is yet",
                           waiting->as_array().size()));
  } else {
    report.add(Finding::Doubtful, "ready", ready.error->message);
  }

  const Answer agents = session.client.get(path_to("agents"));
  if (!agents.ok()) {
    report.add(Finding::Bad, "agents", agents.error->message);
  } else if (agents.body.is_array() && agents.body.as_array().empty()) {
    report.add(Finding::Doubtful, "agents", "there is none at the moment",
               "each executor in stormd's configuration has one; one that was removed comes back "
               "within seconds");
  } else if (agents.body.is_array()) {
    for (const Value& agent : agents.body.as_array()) {
      examine_agent(agent, session.options.verbose, report);
    }
  }
  examine_applications(session, report);
  report.print();
  return report.bad() ? ExitCode::Failure : ExitCode::Ok;
}

}  // namespace storm::cli
