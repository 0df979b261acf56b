// A list that is kept current: redrawn in place on a terminal, one line per change elsewhere
// (`TIME ACTION TYPE/NAME field: old -> new`). Fed by the event stream.
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "cli/client.hpp"
#include "cli/nouns.hpp"
#include "cli/session.hpp"

namespace storm::cli {

// Between two drawings on a terminal, or two looks at what is derived. Loading may take as much of
// the time as waiting.
inline constexpr std::chrono::milliseconds kRedrawDelayMin{250};

struct Watch {
  Session& session;
  const Noun& noun;
  std::function<Answer()> load = {};                               // the whole list
  std::function<Answer(const std::string& id)> load_one = {};      // a list of none or one
  std::function<std::string(const Value::Array& list)> draw = {};  // for a terminal
  // Set: the list has members of this group, and the server tells who joins and leaves.
  std::string group = {};
  bool filtered =
      false;             // of those, or of their fields, only some: what is told is asked for again
  bool initial = false;  // elsewhere than on a terminal: begins with a line for each that is there
  // What is shown follows from other things, whose changes are told: views, from resources.
  bool derived = noun.name == "view";
};

// Returns when the connection is lost for good or nobody reads any more.
ExitCode run_watch(const Watch& watch);

}  // namespace storm::cli
