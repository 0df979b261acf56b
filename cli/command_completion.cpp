#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "cli/commands.hpp"

namespace storm::cli {
namespace {

struct Word {  // Without apostrophes: shells quote with them.
  std::string_view name;
  std::string_view summary;
};

constexpr Word kCommands[] = {
    {"import", "create or change what files define"},
    {"match", "print the lines of a file that match a query"},
    {"status", "count what the server knows"},
    {"events", "show what changed"},
    {"watch", "tell of changes as they happen"},
    {"explain", "tell why a resource is in a group, or not"},
    {"coverage", "show what no group has"},
    {"doctor", "check the server and each agent"},
    {"plugin", "see and steer plugins, write or check one"},
    {"version", "print the versions"},
    {"help", "explain a topic"},
    {"completion", "print the completion of a shell"},
};

constexpr Word kVerbs[] = {
    {"ls", "list"},
    {"get", "show in full"},
    {"rm", "remove"},
    {"members", "list what is in a group"},
    {"history", "show who joined and left a group"},
    {"analyze", "tell what the query of a group costs"},
    {"groups", "list the groups of a resource"},
};

enum class Takes { Nothing, Anything, File, Form };

struct Flag {
  std::string_view letter;  // "" for none
  std::string_view name;
  Takes takes;
  std::string_view summary;
};

constexpr Flag kFlags[] = {
    {"C", "connect", Takes::Anything, "the server"},
    {"D", "debug", Takes::Nothing, "print each request"},
    {"h", "help", Takes::Nothing, "explain, examples first"},
    {"o", "output", Takes::Form, "the form of what is printed"},
    {"q", "query", Takes::Anything, "keep what matches"},
    {"v", "verbose", Takes::Nothing, "say what was done"},
    {"w", "watch", Takes::Nothing, "stay, and show changes"},
    {"y", "yes", Takes::Nothing, "remove without asking"},
    {"", "at", Takes::Anything, "members at a time"},
    {"", "cacert", Takes::File, "certificates to trust"},
    {"", "cases", Takes::File, "run conformance cases"},
    {"", "color", Takes::Anything, "auto, always or never"},
    {"", "count", Takes::Nothing, "how many"},  // takes a number, but not of `match`
    {"", "dry-run", Takes::Nothing, "only say what would be done"},
    {"", "explain", Takes::Nothing, "why documents do not match"},
    {"", "fields", Takes::Anything, "show these fields only"},
    {"f", "file", Takes::File, "a file of definitions"},
    {"", "follow", Takes::Nothing, "stay, and show events as they happen"},
    {"", "group", Takes::Anything, "of this group"},
    {"", "health", Takes::Anything, "of this health"},
    {"", "initial", Takes::Nothing, "begin with what is there"},
    {"", "kind", Takes::Anything, "of this kind"},
    {"", "lang", Takes::Anything, "in this language"},
    {"", "limit", Takes::Anything, "the first so many"},
    {"", "no-color", Takes::Nothing, "no colours"},
    {"", "no-headers", Takes::Nothing, "no first line of tables"},
    {"", "quiet", Takes::Nothing, "print ids only"},
    {"", "resource", Takes::Anything, "this resource"},
    {"", "since", Takes::Anything, "from a time or a cursor on"},
    {"", "sort", Takes::Anything, "order by these fields"},
    {"", "start", Takes::Anything, "the first event"},
    {"", "status", Takes::Anything, "of this status"},
    {"", "timeout", Takes::Anything, "seconds to wait for an answer"},
    {"", "token-file", Takes::File, "file with a bearer token"},
    {"", "tree", Takes::Nothing, "each below its parent"},
    {"", "type", Takes::Anything, "of this type"},
};

constexpr std::string_view kForms = "table wide json ndjson yaml name id";
constexpr std::string_view kTopics = "exit-codes query environment formatting";
constexpr std::string_view kShells = "bash zsh fish";

// In all three, @NAME@ is replaced by words of the tables. Names of things come from the server,
// which gets 0.3 s.
constexpr std::string_view kBash = R"sh(# Completion of stormctl for bash. Use it with:
#   source <(stormctl completion bash)
_stormctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local nouns="@NOUNS@" commands="@COMMANDS@"
  local noun="" verb="" word server=() i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      -C|--connect) server=(-C "${COMP_WORDS[i+1]}"); ((i++)) ;;
      @FLAGS_WITH_VALUE@) ((i++)) ;;
      -*) ;;
      *)
        if [[ -z $noun && " $nouns $commands " == *" $word "* ]]; then noun=$word
        elif [[ -z $verb ]]; then verb=$word
        fi ;;
    esac
  done
  case $previous in
    @FLAGS_WITH_FORM@) COMPREPLY=($(compgen -W "@FORMS@" -- "$current")); return ;;
    @FLAGS_WITH_FILE@) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "@FLAGS@" -- "$current"))
    return
  fi
  case $noun in
    "") COMPREPLY=($(compgen -W "$nouns $commands get" -- "$current")) ;;
    help) COMPREPLY=($(compgen -W "@TOPICS@" -- "$current")) ;;
    completion) COMPREPLY=($(compgen -W "@SHELLS@" -- "$current")) ;;
    match) [[ -n $verb ]] && COMPREPLY=($(compgen -f -- "$current")) ;;
    @COMMANDS_OR@) ;;
    *)
      if [[ -z $verb ]]; then
        COMPREPLY=($(compgen -W "@VERBS@" -- "$current"))
      elif [[ $verb != ls ]]; then
        COMPREPLY=($(compgen -W "$(stormctl "${server[@]}" "$noun" ls -o name --timeout 0.3 2>/dev/null |
          sed 's,^[^/]*/,,')" -- "$current"))
      fi ;;
  esac
}
complete -F _stormctl stormctl
)sh";

constexpr std::string_view kZsh = R"sh(#compdef stormctl
# Completion of stormctl for zsh. Put it into a folder of $fpath as _stormctl, or use it with:
#   source <(stormctl completion zsh)
_stormctl() {
  local -a nouns commands verbs flags server names
  local noun="" verb="" word current=${words[CURRENT]} previous=${words[CURRENT-1]}
  local -i i
  nouns=(@NOUNS@)
  commands=(@COMMANDS_SUMMED@)
  verbs=(@VERBS_SUMMED@)
  flags=(@FLAGS_SUMMED@)
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    case $word in
      -C|--connect) server=(-C "${words[i+1]}"); ((i++)) ;;
      @FLAGS_WITH_VALUE@) ((i++)) ;;
      -*) ;;
      *)
        if [[ -z $noun ]] && { (( ${nouns[(Ie)$word]} )) || [[ -n ${(M)commands:#$word:*} ]]; }; then noun=$word
        elif [[ -z $verb ]]; then verb=$word
        fi ;;
    esac
  done
  case $previous in
    @FLAGS_WITH_FORM@) compadd -- @FORMS@; return ;;
    @FLAGS_WITH_FILE@) _files; return ;;
  esac
  if [[ $current == -* ]]; then
    _describe -o flag flags
    return
  fi
  case $noun in
    "") compadd -- $nouns get; _describe command commands ;;
    help) compadd -- @TOPICS@ ;;
    completion) compadd -- @SHELLS@ ;;
    import) _files ;;
    match) [[ -n $verb ]] && _files ;;
    @COMMANDS_OR@) ;;
    *)
      if [[ -z $verb ]]; then
        _describe verb verbs
      elif [[ $verb != ls ]]; then
        names=(${(f)"$(stormctl $server $noun ls -o name --timeout 0.3 2>/dev/null)"})
        compadd -- ${names#*/}
      fi ;;
  esac
}
if [[ ${funcstack[1]} == _stormctl ]]; then _stormctl "$@"; else compdef _stormctl stormctl; fi
)sh";

constexpr std::string_view kFish =
    R"sh(# Completion of stormctl for fish. Put it into ~/.config/fish/completions, or use it with:
#   stormctl completion fish | source
set -g __stormctl_nouns @NOUNS@
set -g __stormctl_commands @COMMANDS@

# The words that are neither flags nor their values, one a line, without the one that is being typed.
function __stormctl_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @FLAGS_WITH_VALUE_WORDS@
                set skip 1
            case '-*'
            case '*'
                echo $word
        end
    end
end
function __stormctl_begins
    test -z (__stormctl_words | string join ' ')
end
function __stormctl_after
    set -l words (__stormctl_words)
    test (count $words) -ge 1; and contains -- $words[1] $argv
end
function __stormctl_wants_verb
    set -l words (__stormctl_words)
    test (count $words) = 1; and contains -- $words[1] $__stormctl_nouns
end
function __stormctl_wants_name
    set -l words (__stormctl_words)
    test (count $words) -ge 2; and contains -- $words[1] $__stormctl_nouns; and test $words[2] != ls
end
function __stormctl_names
    set -l words (__stormctl_words)
    set -l all (commandline -opc)
    set -l server
    for flag in -C --connect
        set -l place (contains -i -- $flag $all); and set server -C $all[(math $place + 1)]
    end
    stormctl $server $words[1] ls -o name --timeout 0.3 2>/dev/null | string replace -r '^[^/]*/' ''
end

complete -c stormctl -f
complete -c stormctl -n __stormctl_begins -a "$__stormctl_nouns get"
@COMMANDS_FISH@complete -c stormctl -n '__stormctl_after help' -a '@TOPICS@'
complete -c stormctl -n '__stormctl_after completion' -a '@SHELLS@'
complete -c stormctl -n '__stormctl_after import match' -F
@VERBS_FISH@complete -c stormctl -n __stormctl_wants_name -a '(__stormctl_names)'
@FLAGS_FISH@)sh";

template <typename Range, typename Print>
std::string joined(const Range& range, std::string_view between, const Print& print) {
  std::string text;
  for (const auto& item : range) {
    const std::string part = print(item);
    if (part.empty()) continue;
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

// "-o|--output", "-C --connect".
std::string forms_of(const Flag& flag, std::string_view between) {
  if (flag.letter.empty()) return fmt::format("--{}", flag.name);
  return fmt::format("-{}{}--{}", flag.letter, between, flag.name);
}

// Of the flags that take something. `-f` and `-q` are other flags with some commands, and take
// nothing there; it is the long names that are sure.
std::string flags_that(std::string_view between, std::initializer_list<Takes> take) {
  return joined(kFlags, between, [&](const Flag& flag) -> std::string {
    if (std::find(take.begin(), take.end(), flag.takes) == take.end()) return {};
    if (flag.letter == "q") return fmt::format("--{}", flag.name);
    return forms_of(flag, between);
  });
}

std::string name_of(const Word& word) { return std::string(word.name); }

std::string fish_word(std::string_view condition, const Word& word) {
  return fmt::format("complete -c stormctl -n {} -a {} -d '{}'\n", condition, word.name,
                     word.summary);
}

std::string fish_flag(const Flag& flag) {
  std::string line = "complete -c stormctl";
  if (!flag.letter.empty()) line += fmt::format(" -s {}", flag.letter);
  line += fmt::format(" -l {}", flag.name);
  if (flag.takes == Takes::Anything) line += " -x";
  if (flag.takes == Takes::File) line += " -r -F";
  if (flag.takes == Takes::Form) line += fmt::format(" -x -a '{}'", kForms);
  return line + fmt::format(" -d '{}'\n", flag.summary);
}

std::string filled_in(std::string_view script) {
  const auto summed = [](const Word& word) {
    return fmt::format("'{}:{}'", word.name, word.summary);
  };
  const std::array<std::pair<std::string_view, std::string>, 17> marks = {{
      {"@NOUNS@", joined(noun_words(), " ", [](const std::string& word) { return word; })},
      {"@COMMANDS@", joined(kCommands, " ", name_of)},
      {"@COMMANDS_OR@", joined(kCommands, "|", name_of)},
      {"@COMMANDS_SUMMED@", joined(kCommands, " ", summed)},
      {"@COMMANDS_FISH@",
       joined(kCommands, "",
              [](const Word& word) { return fish_word("__stormctl_begins", word); })},
      {"@VERBS@", joined(kVerbs, " ", name_of)},
      {"@VERBS_SUMMED@", joined(kVerbs, " ", summed)},
      {"@VERBS_FISH@",
       joined(kVerbs, "",
              [](const Word& word) { return fish_word("__stormctl_wants_verb", word); })},
      {"@FLAGS@", joined(kFlags, " ", [](const Flag& flag) { return forms_of(flag, " "); })},
      {"@FLAGS_SUMMED@",
       joined(kFlags, " ",
              [](const Flag& flag) { return fmt::format("'--{}:{}'", flag.name, flag.summary); })},
      {"@FLAGS_FISH@", joined(kFlags, "", fish_flag)},
      {"@FLAGS_WITH_VALUE@", flags_that("|", {Takes::Anything, Takes::File, Takes::Form})},
      {"@FLAGS_WITH_VALUE_WORDS@", flags_that(" ", {Takes::Anything, Takes::File, Takes::Form})},
      {"@FLAGS_WITH_FORM@", flags_that("|", {Takes::Form})},
      {"@FLAGS_WITH_FILE@", flags_that("|", {Takes::File})},
      {"@FORMS@", std::string(kForms)},
      {"@TOPICS@", std::string(kTopics)},
  }};
  std::string text(script);
  const auto fill = [&text](std::string_view mark, std::string_view words) {
    for (std::size_t at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + words.size())) {
      text.replace(at, mark.size(), words);
    }
  };
  for (const auto& [mark, words] : marks) fill(mark, words);
  fill("@SHELLS@", kShells);
  return text;
}

}  // namespace

ExitCode completion_command(const Session& session, const std::string& shell) {
  for (const auto& [name, script] :
       {std::pair("bash", kBash), std::pair("zsh", kZsh), std::pair("fish", kFish)}) {
    if (shell != name) continue;
    session.print(filled_in(script));
    return ExitCode::Ok;
  }
  return session.fail({ExitCode::Usage,
                       fmt::format("no completion for \"{}\"", shell),
                       0,
                       "",
                       {"hint: stormctl completion bash|zsh|fish"}});
}

}  // namespace storm::cli
