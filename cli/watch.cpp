#include "cli/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/display_text.hpp"
#include "cli/event_stream.hpp"
#include "cli/resource_names.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kShownValueMax = 60;  // characters of a value in a line about a change

std::string text_member(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr ? std::string() : text_of(*value);
}

std::string shown(const Value* value) {
  if (value == nullptr || value->is_null()) return "null";
  const std::string text = value->is_string() ? value->as_string() : to_json(*value);
  return cut_to(printable(text), kShownValueMax, "...");
}

// Members that change with every look and say nothing by themselves.
bool is_noise(std::string_view field) {
  return field == "revision" || field == "observed_at" || field == "heartbeat";
}

// "status: starting -> running, health: unknown -> healthy"
std::string differences(const Value& before, const Value& after) {
  std::string text;
  const auto add = [&](std::string_view field, const Value* old_value, const Value* new_value) {
    if (!text.empty()) text += ", ";
    const std::string names = field == "names" && old_value != nullptr && new_value != nullptr
                                  ? names_difference(*old_value, *new_value)
                                  : std::string();
    if (!names.empty()) {
      text += "names: " + names;
      return;
    }
    if (field == "snapshot") {  // pages long
      text += "snapshot: changed";
      return;
    }
    text += fmt::format("{}: {} -> {}", field, shown(old_value), shown(new_value));
  };
  for (const auto& [field, value] : after.as_object()) {
    const Value* old_value = before.find(field);
    if (!is_noise(field) && (old_value == nullptr || !(*old_value == value))) {
      add(field, old_value, &value);
    }
  }
  for (const auto& [field, value] : before.as_object()) {
    if (!is_noise(field) && after.find(field) == nullptr) add(field, &value, nullptr);
  }
  return text;
}

// What the watched list has to do with an event.
struct EventParts {
  std::string action;
  const Noun* noun;
  std::string id;
};

EventParts parts_of(const Value& event) {
  if (event.find("selector") != nullptr) {  // of a watch
    const Value* entity = event.find("entity");
    const Value* resource = event.find("resource");
    const Value* about = entity != nullptr ? entity : resource;
    if (about == nullptr) return {text_member(event, "type"), nullptr, ""};
    return {text_member(event, "type"),
            find_noun(entity != nullptr ? text_member(*entity, "kind") : "resource"),
            id_of(*about)};
  }
  return {text_member(event, "event_type"), find_noun(text_member(event, "entity_type")),
          text_member(event, "entity_id")};
}

// When to load again, given when the last time began.
SteadyClock::time_point next_after(SteadyClock::time_point began) {
  const auto now = SteadyClock::now();
  return now +
         std::max(std::chrono::duration_cast<SteadyClock::duration>(kRedrawDelayMin), now - began);
}

class ChangeLines {
 public:
  explicit ChangeLines(const Watch& watch) : watch_(watch) {}

  std::optional<ErrorBlock> open() {
    const auto error = reload(false);
    std::fflush(stdout);
    return error;
  }

  bool on_event(const Value& event) {
    if (error_) return false;  // of a look between two events
    const EventParts parts = parts_of(event);
    const bool of_group = parts.noun != nullptr && parts.noun->name == "group";
    if (is_gap(event) || (!watch_.group.empty() && of_group && parts.action == "deleted")) {
      const auto error = reload(true);
      return error ? take(*error) : std::fflush(stdout) == 0;
    }
    if (parts.noun != &watch_.noun && watch_.derived) doubtful_ = true;
    if (parts.noun != &watch_.noun || parts.id.empty()) return true;
    if (parts.action == "deleted" || (!watch_.group.empty() && parts.action == "left")) {
      remove(parts.id, parts.action);
    } else if (!watch_.group.empty() && !watch_.filtered) {
      update(*event.find("resource"), parts.action);
    } else {
      const Answer answer = watch_.load_one(parts.id);
      if (!answer.ok()) return take(*answer.error);
      if (answer.body.as_array().empty()) {
        remove(parts.id, "left");
      } else {
        update(answer.body.as_array().front(), parts.action);
      }
    }
    return std::fflush(stdout) == 0;
  }

  // The stream goes on from where it broke; only what could not be looked at is caught up here.
  void on_connected() {
    if (!behind_) return;
    behind_ = false;
    if (const auto error = reload(true)) take(*error);
    std::fflush(stdout);
  }

  void on_tick() {
    if (!doubtful_ || behind_ || error_ || SteadyClock::now() < next_look_) return;
    doubtful_ = false;
    const auto began = SteadyClock::now();
    if (const auto error = reload(true)) take(*error);
    std::fflush(stdout);
    next_look_ = next_after(began);
  }

  const std::optional<ErrorBlock>& error() const { return error_; }

 private:
  // Whether to go on after it: a server that is away may come back.
  bool take(const ErrorBlock& error) {
    if (error.exit == ExitCode::Unreachable) {
      behind_ = true;
    } else {
      error_ = error;
    }
    return !error_;
  }

  std::optional<ErrorBlock> reload(bool tell) {
    Answer answer = watch_.load();
    if (!answer.ok()) return answer.error;
    std::map<std::string, Value> now;
    for (Value& document : answer.body.as_array()) {
      std::string id = id_of(document);
      if (tell) update(document, "joined");
      if (!tell && watch_.initial) line("initial", document, "");
      now.emplace(std::move(id), std::move(document));
    }
    std::vector<std::string> gone;
    for (const auto& [id, document] : known_) {
      if (now.count(id) == 0) gone.push_back(id);
    }
    for (const std::string& id : gone) remove(id, "left");
    known_ = std::move(now);
    return std::nullopt;
  }

  void update(const Value& document, const std::string& action) {
    const std::string id = id_of(document);
    const auto found = known_.find(id);
    if (found == known_.end()) {
      line(action == "updated" ? "joined" : action, document, "");
      known_.emplace(id, document);
      return;
    }
    const std::string changed = differences(found->second, document);
    // An earlier look has shown it already when two changes came at once.
    if (!changed.empty()) line("updated", document, changed);
    found->second = document;
  }

  void remove(const std::string& id, const std::string& action) {
    const auto found = known_.find(id);
    if (found == known_.end()) return;
    line(action, found->second, "");
    known_.erase(found);
  }

  void line(const std::string& action, const Value& document, const std::string& changed) {
    const OutputFormat output = watch_.session.options.output;
    if (output == OutputFormat::Json || output == OutputFormat::Ndjson) {
      Value object = Value::object();
      object.add("time", time_now());
      object.add("action", action);
      object.add(std::string(watch_.noun.name), document);
      watch_.session.print(to_json(object) + "\n");
      return;
    }
    watch_.session.print(fmt::format("{} {} {}{}{}\n", time_now(), action,
                                     printable(named(document)), changed.empty() ? "" : " ",
                                     changed));
  }

  // A resource is told by the name that people use; its id is what the event log holds.
  std::string named(const Value& document) const {
    if (document.find("names") == nullptr) return reference_to(watch_.noun, document);
    return fmt::format("{}/{}", watch_.noun.name, label_of(document));
  }

  const Watch& watch_;
  std::map<std::string, Value> known_;
  bool behind_ = false;    // a change could not be looked at
  bool doubtful_ = false;  // what is derived may be another by now
  SteadyClock::time_point next_look_{};
  std::optional<ErrorBlock> error_;
};

// The list on a terminal. Drawn over itself; what does not fit the screen is counted.
class Screen {
 public:
  explicit Screen(const Watch& watch) : watch_(watch) {}

  std::optional<ErrorBlock> redraw() {
    const auto began = SteadyClock::now();
    const Answer answer = watch_.load();
    if (!answer.ok()) return answer.error;
    text_ = watch_.draw(answer.body.as_array());
    show();
    dirty_ = false;
    next_ = next_after(began);
    return std::nullopt;
  }

  bool on_event(const Value& event) {
    const EventParts parts = parts_of(event);
    if (parts.noun == &watch_.noun || is_gap(event) || !watch_.group.empty() || watch_.derived) {
      dirty_ = true;
    }
    return !error_;
  }

  void on_tick() {
    if (!dirty_ || error_ || SteadyClock::now() < next_) return;
    error_ = redraw();
    // A lost connection is the stream's business: it says so and tries again.
    if (error_ && error_->exit == ExitCode::Unreachable) {
      error_.reset();
      next_ = SteadyClock::now() + kRedrawDelayMin;
    }
  }

  void set_connected(bool connected) {
    note_ = connected ? "" : "connection lost, data of " + time_now();
    dirty_ = dirty_ || connected;
    show();
  }

  const std::optional<ErrorBlock>& error() const { return error_; }

 private:
  void show() {
    const Terminal& terminal = watch_.session.terminal;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      lines.push_back(text_.substr(at, end - at));
      at = end + 1;
    }
    const std::size_t room = terminal.height > 3 ? terminal.height - 2 : lines.size();
    std::string note = note_;
    if (lines.size() > room) {
      note = fmt::format("{} more{}{}", lines.size() - room, note.empty() ? "" : "; ", note);
      lines.resize(room);
    }
    if (!note.empty()) lines.push_back(note);
    std::string out;
    // A wide line ends at the edge: one that went on below would not be drawn over.
    const bool wide = watch_.session.options.output == OutputFormat::Wide;
    if (wide) out += "\x1b[?7l";
    if (drawn_ > 0) out += fmt::format("\x1b[{}A", drawn_);
    for (const std::string& line : lines) out += "\x1b[2K" + line + "\n";
    out += "\x1b[J";
    if (wide) out += "\x1b[?7h";
    drawn_ = lines.size();
    watch_.session.print(out);
    std::fflush(stdout);
  }

  const Watch& watch_;
  std::string text_;
  std::string note_;
  std::size_t drawn_ = 0;  // lines on the screen
  bool dirty_ = false;
  SteadyClock::time_point next_{};
  std::optional<ErrorBlock> error_;
};

ExitCode finish(const Session& session, const std::optional<ErrorBlock>& stream,
                const std::optional<ErrorBlock>& view) {
  if (view) return session.fail(*view);
  if (stream) return session.fail(*stream);
  return ExitCode::Ok;
}

}  // namespace

ExitCode run_watch(const Watch& watch) {
  StreamHandlers handlers;
  const Session& session = watch.session;
  const auto follow = [&] {
    const ClientOptions& options = session.client.options();
    if (watch.group.empty()) return follow_events(options, std::nullopt, handlers);
    WatchRequest request;
    request.groups = {watch.group};
    return follow_watch(options, request, handlers);
  };
  if (session.terminal.is_tty) {
    Screen screen(watch);
    handlers.on_open = [&] { return screen.redraw(); };
    handlers.on_event = [&](const Value& event) { return screen.on_event(event); };
    handlers.on_tick = [&] { screen.on_tick(); };
    handlers.on_connection = [&](bool connected) { screen.set_connected(connected); };
    const auto ended = follow();
    return finish(session, ended, screen.error());
  }
  ChangeLines lines(watch);
  handlers.on_open = [&] { return lines.open(); };
  handlers.on_event = [&](const Value& event) { return lines.on_event(event); };
  handlers.on_tick = [&] { lines.on_tick(); };
  handlers.on_connection = [&](bool connected) {
    fmt::print(stderr, "{}\n", connected ? "connected again" : "connection lost, trying again");
    if (connected) lines.on_connected();
  };
  const auto ended = follow();
  return finish(session, ended, lines.error());
}

}  // namespace storm::cli
