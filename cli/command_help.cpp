#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/nearest.hpp"

namespace storm::cli {
namespace {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
};

constexpr Topic kTopics[] = {
    {"exit-codes", "what stormctl tells the shell",
     R"(    stormctl group get web >/dev/null; test $? -eq 4 && echo "no such group"

  0   done; also a list with no rows
  1   any other failure
  2   wrong usage
  3   the server cannot be reached, or does not answer in time
  4   not found, or ambiguous
  5   not allowed (401, 403)
  6   conflict or failed precondition (409, 412)
  7   invalid input (400, 422)
  8   only a part of it was done
  130 interrupted
)"},
    {"query", "how to write a filter for -q and for groups",
     R"(    stormctl resources ls -q '{"type": "swarm-task", "status": {"$ne": "running"}}'
    stormctl group members web -q '{"image": {"$regex": "^library/nginx:"}}'
    stormctl resources ls -q '{"$or": [{"health": "unhealthy"}, {"status": "error"}]}'

A query is a JSON object in MongoDB's language for filters. Every member must
hold; a member names a field (dots lead into nested documents) and what it must
be. A field that is a list matches when one of its items does.

  compare    $eq $ne $gt $gte $lt $lte $in $nin
  combine    $and $or $nor $not
  text       $regex with $options, $glob with patterns of a shell
  values     $semver for versions, $cidr for addresses in networks
  lists      $all $elemMatch $size
  fields     $exists $type $mod $bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear
  documents  $expr $jsonSchema $comment
  relatives  $parent $cluster $host $owner, each with a query; $group with a name

`stormctl match` tests a file of documents by the same language, and --explain
says which condition fails how often.

Fields of a resource: id type names owner parent cluster host image status
health stale revision first_seen observed_at snapshot. owner, parent, cluster
and host take an id or a name.
The server names the operator it does not know.
)"},
    {"environment", "the variables that stormctl reads",
     R"(    STORMD_HOST=10.0.1.7:28482 stormctl status

  STORMD_HOST      the server, as HOST or HOST:PORT; -C goes before it
  STORM_HOST       the same, read when STORMD_HOST is not set
  STORM_TOKEN      sent as a bearer token; --token-file goes before it
  NO_COLOR         any value: no colours
  CLICOLOR_FORCE   any value but 0: colours also when the output is no terminal
  LC_ALL, LC_CTYPE, LANG   UTF-8 in one of them: trees are drawn with lines
)"},
    {"formatting", "the forms of output",
     R"(    stormctl resources ls -o json --fields id,image
    stormctl group ls -o name
    stormctl resources ls -o wide --no-headers

  -o table    columns, fitted to the width of a terminal; the default of ls
  -o wide     more columns, nothing cut
  -o yaml     documents one after the other; the default of get
  -o json     one JSON text; errors are then RFC 9457 objects on standard error
  -o ndjson   one document a line
  -o name     KIND/NAME, which every command takes back as a name
  -o id       ids; the same as -q in front of the noun, or without a query last

--fields a,b.c shows these fields only and in this order. --no-headers leaves
out the first line of a table. What goes into a pipe has no colours and is not
cut to any width. Names of resources are cut at 50 characters in every table,
except with wide; a terminal shows the name that people use first, a pipe all of
them in the order of the cloud.

-w redraws a terminal. Into a pipe it tells nothing until something changes, and
then a line for each change; --initial begins with what is there.
)"},
};

std::string overview() {
  std::string text = "Topics:\n";
  for (const Topic& topic : kTopics)
    text += fmt::format("  {:<12} {}\n", topic.name, topic.summary);
  return text +
         "\n`stormctl help TOPIC` shows one of them, `stormctl help group` a command, "
         "`stormctl --help` the commands.\n";
}

}  // namespace

ExitCode help_command(const Session& session, const std::string& topic) {
  if (topic.empty()) {
    session.print(overview());
    return ExitCode::Ok;
  }
  std::vector<std::string> names;
  for (const Topic& known : kTopics) {
    if (known.name == topic) {
      session.print(known.text);
      return ExitCode::Ok;
    }
    names.emplace_back(known.name);
  }
  ErrorBlock block{ExitCode::Usage, fmt::format("there is no help topic \"{}\"", topic)};
  if (std::string line = did_you_mean(topic, names); !line.empty()) {
    block.details.push_back(std::move(line));
  }
  block.details.push_back("hint: stormctl help");
  return session.fail(block);
}

}  // namespace storm::cli
