#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"

namespace storm::cli {
namespace {

bool is_agreed(const Session& session, const Noun& noun, const std::vector<std::string>& words) {
  if (session.options.yes || !session.terminal.is_tty || ::isatty(STDIN_FILENO) != 1) return true;
  const std::string what =
      words.size() == 1
          ? fmt::format("{} \"{}\"", noun.name, printable(without_kind(noun, words.front())))
          : fmt::format("{} {}", words.size(), noun.plural);
  fmt::print("remove {}? [y/N] ", what);
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "Y" || line == "yes";
}

}  // namespace

ExitCode remove_command(Session& session, const Noun& noun, const std::vector<std::string>& words) {
  if (!is_agreed(session, noun, words)) {
    return session.fail({ExitCode::Failure, "nothing was removed"});
  }
  std::size_t removed = 0;
  ExitCode worst = ExitCode::Ok;
  for (const std::string& word : words) {
    const Answer found = find_entity(session.client, noun, word, {{"fields", "id,name"}});
    Answer answer;
    if (found.ok()) {
      answer = session.client.remove(path_to(noun.collection, id_of(found.body)));
    } else {
      answer.error = found.error;
    }
    if (!answer.ok()) {
      worst = session.fail(*answer.error);
      if (worst == ExitCode::Unreachable) break;
      continue;
    }
    ++removed;
    if (session.talks()) {
      session.print(fmt::format("{} removed\n", printable(reference_to(noun, found.body))));
    }
  }
  return worst != ExitCode::Ok && removed > 0 ? ExitCode::Partial : worst;
}

}  // namespace storm::cli
