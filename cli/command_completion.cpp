#include <fmt/format.h>

#include "cli/commands.hpp"

namespace storm::cli {
namespace {

// @NOUNS@ is replaced by the words of nouns.cpp. Names come from the server, which gets 0.3 s.
constexpr std::string_view kBash = R"sh(# Completion of stormctl for bash. Use it with:
#   source <(stormctl completion bash)
_stormctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local nouns="@NOUNS@" commands="import match status events watch explain coverage doctor version help completion"
  local noun="" verb="" word server=() i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      -C|--connect) server=(-C "${COMP_WORDS[i+1]}"); ((i++)) ;;
      -*) ;;
      *)
        if [[ -z $noun && " $nouns $commands " == *" $word "* ]]; then noun=$word
        elif [[ -z $verb ]]; then verb=$word
        fi ;;
    esac
  done
  case $previous in
    -o|--output) COMPREPLY=($(compgen -W "table wide json ndjson yaml name id" -- "$current")); return ;;
    -f|--file|--token-file|--cacert|--cases) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "-C -D -h -o -q -v -w -y --at --cacert --cases --color --connect --count --debug
      --dry-run --explain --fields --file --follow --group --health --help --initial --limit --no-color --no-headers
      --output --query --quiet --resource --since --sort --start --status --timeout --token-file --tree --type --watch --yes" -- "$current"))
    return
  fi
  case $noun in
    "") COMPREPLY=($(compgen -W "$nouns $commands get" -- "$current")) ;;
    help) COMPREPLY=($(compgen -W "exit-codes query environment formatting" -- "$current")) ;;
    completion) COMPREPLY=($(compgen -W "bash" -- "$current")) ;;
    match) [[ -n $verb ]] && COMPREPLY=($(compgen -f -- "$current")) ;;
    import|status|events|watch|explain|coverage|doctor|version) ;;
    *)
      if [[ -z $verb ]]; then
        COMPREPLY=($(compgen -W "ls get rm members history analyze groups" -- "$current"))
      elif [[ $verb != ls ]]; then
        COMPREPLY=($(compgen -W "$(stormctl "${server[@]}" "$noun" ls -o name --timeout 0.3 2>/dev/null |
          sed 's,^[^/]*/,,')" -- "$current"))
      fi ;;
  esac
}
complete -F _stormctl stormctl
)sh";

}  // namespace

ExitCode completion_command(const Session& session, const std::string& shell) {
  if (shell != "bash") {
    return session.fail({ExitCode::Usage,
                         fmt::format("no completion for \"{}\"", shell),
                         0,
                         "",
                         {"hint: stormctl completion bash"}});
  }
  std::string words;
  for (const std::string& word : noun_words()) words += (words.empty() ? "" : " ") + word;
  std::string script(kBash);
  const std::string_view mark = "@NOUNS@";
  script.replace(script.find(mark), mark.size(), words);
  session.print(script);
  return ExitCode::Ok;
}

}  // namespace storm::cli
