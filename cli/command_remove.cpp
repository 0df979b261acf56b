#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"
#include "cli/removal_losses.hpp"

namespace storm::cli {
namespace {

bool is_agreed(const Session& session, const Noun& noun, const Value::Array& chosen) {
  if (session.options.yes || !session.terminal.is_tty || ::isatty(STDIN_FILENO) != 1) return true;
  const std::string what = chosen.size() == 1 ? printable(reference_to(noun, chosen.front()))
                                              : fmt::format("{} {}", chosen.size(), noun.plural);
  fmt::print("remove {}? [y/N] ", what);
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "Y" || line == "yes";
}

// What is needed of each: how it is called, and who tells of it.
std::string fields_of(const Noun& noun) {
  if (noun.name == "resource") return "id,owner";
  if (noun.name == "agent") return "id,name,source";
  return noun.named ? "id,name" : "id";
}

// The agent whose source would tell of the resource again; null when none would.
Value teller_of(Session& session, const Noun& noun, const Value& document) {
  if (noun.name == "agent") {
    const Value* state = at_path(document, "source.state");
    return state != nullptr && state->is_string() ? document : Value();
  }
  const Value* owner = document.find("owner");
  if (noun.name != "resource" || owner == nullptr || !owner->is_string()) return {};
  Answer agent = session.client.get(path_to("agents", owner->as_string()));
  const Value* state = agent.ok() ? at_path(agent.body, "source.state") : nullptr;
  return state != nullptr && state->is_string() ? std::move(agent.body) : Value();
}

void note_return(const Noun& noun, const Value& document, const Value& agent) {
  if (noun.name == "agent") {
    fmt::print(
        stderr,
        "note: {} comes back with its resources while stormd runs its executor; to be rid of "
        "it, take it out of the configuration\n",
        printable(reference_to(noun, document)));
    return;
  }
  fmt::print(stderr,
             "note: {} comes back as soon as {} tells of it again; what is gone from the cloud "
             "goes by itself\n",
             printable(reference_to(*find_noun("resource"), document)),
             printable(reference_to(*find_noun("agent"), agent)));
}

}  // namespace

ExitCode remove_command(Session& session, const Noun& noun, const std::vector<std::string>& words) {
  std::size_t removed = 0;
  ExitCode worst = ExitCode::Ok;
  Value::Array chosen;
  for (const std::string& word : words) {
    Answer found = find_entity(session.client, noun, word, {{"fields", fields_of(noun)}});
    if (found.ok()) {
      chosen.push_back(std::move(found.body));
      continue;
    }
    worst = session.fail(*found.error);
    if (worst == ExitCode::Unreachable) return worst;
  }
  if (chosen.empty()) return worst;
  for (const Value& document : chosen) {
    for (const std::string& line : removal_losses(session.client, noun, document)) {
      fmt::print(stderr, "note: without {}: {}\n", printable(reference_to(noun, document)),
                 printable(line));
    }
  }
  if (!is_agreed(session, noun, chosen)) {
    return session.fail({ExitCode::Failure, "nothing was removed"});
  }
  for (const Value& document : chosen) {
    const Value teller = teller_of(session, noun, document);
    const Answer answer = session.client.remove(path_to(noun.collection, id_of(document)));
    if (!answer.ok()) {
      worst = session.fail(*answer.error);
      if (worst == ExitCode::Unreachable) break;
      continue;
    }
    ++removed;
    if (!teller.is_null()) note_return(noun, document, teller);
    if (session.talks()) {
      session.print(fmt::format("{} removed\n", printable(reference_to(noun, document))));
    }
  }
  return worst != ExitCode::Ok && removed > 0 ? ExitCode::Partial : worst;
}

}  // namespace storm::cli
