#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "cli/application_check.hpp"
#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"
#include "cli/import_file.hpp"
#include "cli/nearest.hpp"
#include "core/model/names.hpp"
#include "core/model/view.hpp"

namespace storm::cli {
namespace {

enum class Action { Unknown, Create, Replace, Keep };

// "did you mean: count", or all there are, where the server refused a choice.
std::string choices_at(const std::string& pointer, const std::string& message) {
  std::vector<std::string> known;
  if (pointer.ends_with("/measure")) known.assign(kMeasureNames.begin(), kMeasureNames.end());
  if (pointer.ends_with("/protocol")) known.assign(kProtocolNames.begin(), kProtocolNames.end());
  if (known.empty() || message.find("is not a valid choice") == std::string::npos) return {};
  const std::string near = did_you_mean(message.substr(1, message.rfind('"') - 1), known);
  return near.empty() ? fmt::format("one of: {}", fmt::join(known, ", ")) : near;
}

std::string_view word_of(Action action) {
  return action == Action::Create    ? "created"
         : action == Action::Replace ? "configured"
                                     : "unchanged";
}

struct Step {
  const ImportItem* item;
  Action action = Action::Unknown;  // Unknown: only to be told once earlier steps are done
  Value existing = {};              // what the server had, or null
};

volatile std::sig_atomic_t held_signal = 0;

extern "C" void hold_signal(int signal) {
  held_signal = signal;
  static constexpr std::string_view kHint =
      "the import is being ended; once more to leave at once\n";
  const int before = errno;
  (void)!write(STDERR_FILENO, kHint.data(), kHint.size());
  errno = before;
}

// A half-made import must not be left because somebody pressed Ctrl-C: the first signal waits for
// the end. The second of its kind does not, because a silent server may keep us waiting.
class SignalsHeld {
 public:
  SignalsHeld() {
    struct sigaction action {};
    action.sa_handler = hold_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
  }
  ~SignalsHeld() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &before_[i], nullptr);
    }
    if (held_signal != 0) raise(held_signal);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

// The fields that a person may write, as the server has them.
Value writable(const Noun& noun, const Value& document) {
  Value fields = Value::object();
  for (const std::string_view field : noun.fields) {
    if (const Value* value = document.find(field)) fields.add(std::string(field), *value);
  }
  return fields;
}

class Import {
 public:
  Import(Session& session, const ImportSet& set) : session_(session), client_(session.client) {
    for (const std::string_view kind : {"group", "procedure", "application", "view"}) {
      for (const ImportItem& item : set.items) {
        if (item.noun->name == kind) steps_.push_back({&item});
      }
    }
    groups_.emplace(
        set,
        [this](const std::string& word) {
          const Answer answer = client_.get(path_to("groups", word));
          if (!answer.ok() && answer.status != 404) errors_.push_back(*answer.error);
          return answer.ok() ? answer.body : Value();
        },
        [this] { return group_names(); });
  }

  // Nothing is changed. False: see errors().
  bool check() {
    std::set<std::string> changing;  // groups
    for (Step& step : steps_) {
      if (step.item->noun->name == "application") {
        const std::size_t before = errors_.size();
        const std::set<std::string> used = check_application(*step.item, *groups_, errors_);
        if (errors_.size() > before) continue;
        if (std::any_of(used.begin(), used.end(),
                        [&](const std::string& group) { return changing.count(group) > 0; })) {
          continue;  // the server would judge it by groups that are not there yet
        }
      }
      if (step.item->noun->name == "view") {
        const Value* group = step.item->body->find("group");
        const bool named = group && group->is_string() && !group->as_string().empty();
        if (named && changing.count(group->as_string()) > 0) continue;
        if (named && !groups_->services_of(group->as_string())) {
          errors_.push_back(error_at(*step.item, "/group",
                                     fmt::format("group \"{}\" not found", group->as_string()),
                                     did_you_mean(group->as_string(), groups_->names())));
          continue;
        }
      }
      if (!decide(step)) {
        if (errors_.back().exit == ExitCode::Unreachable) return false;
        continue;
      }
      if (step.item->noun->name == "group" && step.action != Action::Keep) {
        changing.insert(step.item->name);
        if (!step.existing.is_null()) changing.insert(id_of(step.existing));
      }
    }
    return errors_.empty();
  }

  // Makes every step, or undoes those that were made.
  bool apply() {
    const SignalsHeld held;
    for (Step& step : steps_) {
      if (step.action == Action::Unknown && !decide(step)) return undo();
      if (!make(step)) return undo();
    }
    return true;
  }

  void tell(bool dry_run) const {
    for (const Step& step : steps_) {
      const bool later = step.action == Action::Unknown;
      session_.print(
          fmt::format("{}/{} {}{}\n", step.item->noun->name, printable(step.item->name),
                      later ? "depends on the groups above" : word_of(step.action),
                      dry_run && !later && step.action != Action::Keep ? " (dry run)" : ""));
    }
  }

  const std::vector<ErrorBlock>& errors() const { return errors_; }

 private:
  struct Made {
    const Step* step;
    std::string id;
  };

  // Asks the server what the step would do, without doing it.
  bool decide(Step& step) {
    const Noun& noun = *step.item->noun;
    Answer existing = client_.get(path_to(noun.collection, step.item->name));
    if (!existing.ok() && existing.status != 404) {
      errors_.push_back(*existing.error);
      return false;
    }
    const bool found = existing.ok();
    const QueryString dry_run = {{"dry_run", "all"}};
    const Answer answer =
        found
            ? client_.put(path_to(noun.collection, id_of(existing.body), dry_run), *step.item->body)
            : client_.post(path_to(noun.collection, {}, dry_run), *step.item->body);
    if (!answer.ok()) {
      report(*step.item, answer);
      return false;
    }
    step.action = Action::Create;
    if (found) {
      const bool same = writable(noun, answer.body) == writable(noun, existing.body);
      step.action = same ? Action::Keep : Action::Replace;
      step.existing = std::move(existing.body);
    }
    return true;
  }

  bool make(Step& step) {
    if (step.action == Action::Keep) return true;
    const Noun& noun = *step.item->noun;
    const Answer answer =
        step.action == Action::Create
            ? client_.post(path_to(noun.collection), *step.item->body)
            : client_.put(path_to(noun.collection, id_of(step.existing)), *step.item->body);
    if (!answer.ok()) {
      report(*step.item, answer);
      if (answer.status < 300) find_out(step);
      return false;
    }
    made_.push_back({&step, id_of(answer.body)});
    return true;
  }

  // The answer was lost, so the server may have made the step or not.
  void find_out(const Step& step) {
    const Answer found = client_.get(path_to(step.item->noun->collection, step.item->name));
    if (found.ok()) {
      made_.push_back({&step, id_of(found.body)});
    } else if (found.status != 404) {
      doubtful_ = &step;
    }
  }

  // Always false: the import has failed. The error gets a line that says what is left.
  bool undo() {
    std::vector<std::string> left;
    bool reachable = doubtful_ == nullptr;  // one who does not answer is not asked again and again
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      const Step& step = *made->step;
      const Noun& noun = *step.item->noun;
      const std::string path = path_to(noun.collection, made->id);
      if (reachable) {
        const Answer answer = step.action == Action::Create
                                  ? client_.remove(path)
                                  : client_.put(path, writable(noun, step.existing));
        if (answer.ok()) continue;
        reachable = answer.status != 0;
      }
      left.push_back(fmt::format("{}/{}", noun.name, step.item->name));
    }
    ErrorBlock& error = errors_.back();
    if (doubtful_ != nullptr) {
      error.exit = ExitCode::Partial;
      error.details.push_back(fmt::format("may be imported: {}/{}", doubtful_->item->noun->name,
                                          doubtful_->item->name));
    }
    if (left.empty()) {
      if (doubtful_ != nullptr) return false;
      error.details.push_back(made_.empty()
                                  ? "nothing was imported"
                                  : "nothing was imported: what was done has been undone");
    } else {
      error.exit = ExitCode::Partial;
      error.details.push_back(
          fmt::format("could not be undone and stays imported: {}", fmt::join(left, ", ")));
    }
    return false;
  }

  // The server's complaint, each part at the line it is about.
  void report(const ImportItem& item, const Answer& answer) {
    const Value* errors = answer.body.find("errors");
    std::size_t placed = 0;
    if (errors != nullptr && errors->is_array()) {
      for (const Value& error : errors->as_array()) {
        const Value* pointer = error.find("pointer");
        const Value* detail = error.find("detail");
        if (detail == nullptr || !detail->is_string()) continue;
        std::string where = pointer != nullptr && pointer->is_string() ? pointer->as_string() : "";
        if (where.starts_with('#')) where.erase(0, 1);
        place(item, where, detail->as_string(), answer);
        ++placed;
      }
    }
    if (placed == 0 && answer.status != 0) place(item, "", answer.error->message, answer);
    if (placed == 0 && answer.status == 0) errors_.push_back(*answer.error);
  }

  void place(const ImportItem& item, const std::string& pointer, const std::string& message,
             const Answer& answer) {
    // An operator of a query stands where a key does.
    const std::size_t last = pointer.rfind('/');
    const bool key = last != std::string::npos && pointer.compare(last, 2, "/$") == 0;
    ErrorBlock block = key ? error_at_key(item, pointer, message, "")
                           : error_at(item, pointer, message, choices_at(pointer, message));
    block.exit = answer.error->exit;
    block.status = answer.error->status;
    block.code = answer.error->code;
    errors_.push_back(std::move(block));
  }

  std::vector<std::string> group_names() {
    std::vector<std::string> names;
    const Answer answer = client_.get(path_to("groups", {}, {{"fields", "id,name"}}));
    if (!answer.ok() || !answer.body.is_array()) return names;
    for (const Value& group : answer.body.as_array()) {
      const Value* name = group.find("name");
      if (name != nullptr && name->is_string()) names.push_back(name->as_string());
    }
    return names;
  }

  Session& session_;
  Client& client_;
  std::optional<KnownGroups> groups_;
  std::vector<Step> steps_;
  std::vector<Made> made_;
  const Step* doubtful_ = nullptr;  // nobody knows whether it was made
  std::vector<ErrorBlock> errors_;
};

ExitCode fail_all(const Session& session, const std::vector<ErrorBlock>& errors) {
  ExitCode code = ExitCode::Ok;
  std::size_t shown = 0;
  for (const ErrorBlock& error : errors) {
    if (shown++ == kImportErrorsMax) {
      fmt::print(stderr, "and {} more errors\n", errors.size() - kImportErrorsMax);
      break;
    }
    session.fail(error);
    if (code == ExitCode::Ok || error.exit == ExitCode::Partial) code = error.exit;
  }
  return code;
}

}  // namespace

ExitCode import_command(Session& session, const ImportOptions& options) {
  std::vector<ErrorBlock> errors;
  const ImportSet set = read_import(options.files, errors);
  if (!errors.empty()) return fail_all(session, errors);
  Import import(session, set);
  if (!import.check()) return fail_all(session, import.errors());
  if (!options.dry_run && !import.apply()) return fail_all(session, import.errors());
  if (session.talks() || options.dry_run) import.tell(options.dry_run);
  return ExitCode::Ok;
}

}  // namespace storm::cli
