#include "cli/arrange_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "cli/nearest.hpp"
#include "cli/nouns.hpp"

namespace storm::cli {
namespace {

struct Alias {
  std::string_view word;
  std::string_view verb;
  std::string_view noun = {};  // of this one only; empty: of all
};
constexpr Alias kVerbs[] = {
    {"ls", "ls"},
    {"list", "ls"},
    {"get", "get"},
    {"show", "get"},
    {"rm", "rm"},
    {"remove", "rm"},
    {"delete", "rm"},
    {"members", "members", "group"},
    {"member", "members", "group"},
    {"history", "history", "group"},
    {"analyze", "analyze", "group"},
    {"groups", "groups", "resource"},
};
constexpr std::string_view kCommands[] = {"import", "match",   "status",  "events",     "event",
                                          "ev",     "watch",   "doctor",  "explain",    "coverage",
                                          "plugin", "plugins", "version", "completion", "help"};
// Global flags that take the next word.
constexpr std::string_view kFlagsWithValue[] = {"-C",           "--connect", "-o",
                                                "--output",     "--fields",  "--timeout",
                                                "--token-file", "--cacert",  "--color"};

constexpr std::string_view kPlainFlags[] = {"--quiet",   "--no-headers", "--no-color", "--debug",
                                            "--verbose", "--yes",        "--help",     "--version"};

template <typename Range>
bool contains(const Range& range, std::string_view word) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

// Of any noun when `noun` is empty.
std::string_view verb_of(std::string_view word, std::string_view noun = {}) {
  for (const Alias& alias : kVerbs) {
    if (alias.word != word) continue;
    if (noun.empty() || alias.noun.empty() || alias.noun == noun) return alias.verb;
  }
  return {};
}

// Where the next word that is no flag stands; words.size() when there is none.
std::size_t next_word(const std::vector<std::string>& words, std::size_t from) {
  for (std::size_t i = from; i < words.size(); ++i) {
    if (words[i] == "--") return words.size();
    if (words[i].size() > 1 && words[i][0] == '-') {
      if (contains(kFlagsWithValue, words[i])) ++i;
      continue;
    }
    return i;
  }
  return words.size();
}

// The first of the words before `end` that looks like a flag and is none; empty: there is no such.
std::string unknown_flag(const std::vector<std::string>& words, std::size_t end) {
  for (std::size_t i = 0; i < end; ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    if (contains(kFlagsWithValue, words[i])) {
      ++i;
    } else if (name.starts_with("--") && !contains(kFlagsWithValue, name) &&
               !contains(kPlainFlags, name)) {
      return name;
    }
  }
  return {};
}

ArrangedWords refuse(std::string message, const std::string& word,
                     const std::vector<std::string>& candidates, std::string hint) {
  ArrangedWords arranged;
  arranged.failed = true;
  arranged.error = ErrorBlock{ExitCode::Usage, std::move(message)};
  if (std::string line = did_you_mean(word, candidates); !line.empty()) {
    arranged.error.details.push_back(std::move(line));
  }
  arranged.error.details.push_back("hint: " + std::move(hint));
  return arranged;
}

// When a word before `end` is a misspelt flag.
std::optional<ArrangedWords> refuse_flag(const std::vector<std::string>& words, std::size_t end,
                                         std::string hint) {
  const std::string flag = unknown_flag(words, end);
  if (flag.empty()) return std::nullopt;
  std::vector<std::string> flags(std::begin(kFlagsWithValue), std::end(kFlagsWithValue));
  flags.insert(flags.end(), std::begin(kPlainFlags), std::end(kPlainFlags));
  return refuse(fmt::format("unknown option \"{}\"", flag), flag, flags, std::move(hint));
}

// `group ls -q`: without a query behind it, it is the one that prints ids.
void mark_quiet(std::vector<std::string>& words, std::string_view verb, std::size_t from) {
  if (verb != "ls" && verb != "members") return;
  for (std::size_t i = from; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "-q" && (i + 1 == words.size() || words[i + 1].starts_with('-')))
      words[i] = "--quiet";
  }
}

std::vector<std::string> all_first_words() {
  std::vector<std::string> words = noun_words();
  words.insert(words.end(), std::begin(kCommands), std::end(kCommands));
  for (const Alias& alias : kVerbs) words.emplace_back(alias.word);
  return words;
}

std::vector<std::string> all_verbs() {
  std::vector<std::string> words;
  for (const Alias& alias : kVerbs) words.emplace_back(alias.word);
  return words;
}

// `get groups web`: the noun stands behind the verb.
ArrangedWords verb_first(std::vector<std::string> words, std::size_t at) {
  const std::string typed = words[at];
  const std::size_t second = next_word(words, at + 1);
  if (second == words.size()) {
    return {std::move(words)};  // `get --help` and the like: the parser says what is missing
  }
  const std::string word = words[second];
  const std::size_t slash = word.find('/');
  const Noun* noun = find_noun(word.substr(0, slash));
  if (noun == nullptr) {
    return refuse(fmt::format("unknown noun \"{}\"", word.substr(0, slash)), word.substr(0, slash),
                  noun_words(), "stormctl --help");
  }
  std::string verb(verb_of(typed));
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(second));
  if (slash != std::string::npos) {
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(second), word.substr(slash + 1));
  } else if (verb == "get" && next_word(words, second) == words.size()) {
    verb = "ls";
  }
  words[at] = verb;
  words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), std::string(noun->name));
  mark_quiet(words, verb, at + 2);
  return {std::move(words)};
}

// `help group ls`: what --help of that command says. Topics are words of their own.
std::optional<ArrangedWords> help_of_command(const std::vector<std::string>& words,
                                             std::size_t at) {
  const std::size_t next = next_word(words, at + 1);
  if (next == words.size()) return std::nullopt;
  const std::string& word = words[next];
  if (find_noun(word) == nullptr && verb_of(word).empty() &&
      (!contains(kCommands, word) || word == "help")) {
    return std::nullopt;
  }
  std::vector<std::string> asked(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
  asked.insert(asked.end(), words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
  asked.emplace_back("--help");
  return arrange_words(std::move(asked));
}

// What follows `plugin check` are the words of another program.
void pass_on_check(std::vector<std::string>& words, std::size_t verb) {
  if (verb + 1 >= words.size() || words[verb] != "check") return;
  const std::string& next = words[verb + 1];
  if (next == "--" || next == "-h" || next == "--help") return;
  words.insert(words.begin() + static_cast<std::ptrdiff_t>(verb) + 1, "--");
}

}  // namespace

ArrangedWords arrange_words(std::vector<std::string> words) {
  const std::size_t first = next_word(words, 0);
  if (first == words.size()) return {std::move(words)};
  std::string& word = words[first];
  const Noun* noun = find_noun(word);
  if (noun == nullptr) {
    if (word == "event" || word == "ev") word = "events";
    if (word == "plugins") word = "plugin";
    if (word == "plugin") {
      pass_on_check(words, first + 1);
      return {std::move(words)};
    }
    if (word == "help") {
      if (auto arranged = help_of_command(words, first)) return std::move(*arranged);
    }
    if (contains(kCommands, word)) return {std::move(words)};
    if (!verb_of(word).empty()) return verb_first(std::move(words), first);
    // What was taken for a command may have been meant as the value of a misspelt flag.
    if (auto refused = refuse_flag(words, first, "stormctl --help")) return std::move(*refused);
    return refuse(fmt::format("unknown command \"{}\"", word), word, all_first_words(),
                  "stormctl --help");
  }
  word = noun->name;
  const std::size_t second = next_word(words, first + 1);
  if (second == words.size()) return {std::move(words)};
  const std::string_view verb = verb_of(words[second], noun->name);
  if (verb.empty()) {
    if (auto refused = refuse_flag(words, second, fmt::format("stormctl {} --help", noun->name)))
      return std::move(*refused);
    return refuse(fmt::format("{} has no command \"{}\"", noun->name, words[second]), words[second],
                  all_verbs(), fmt::format("stormctl {} --help", noun->name));
  }
  words[second] = verb;
  mark_quiet(words, verb, second + 1);
  return {std::move(words)};
}

}  // namespace storm::cli
