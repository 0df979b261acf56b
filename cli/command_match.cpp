#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <future>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/condition_tally.hpp"
#include "cli/match_input.hpp"
#include "cli/program_folder.hpp"
#include "core/document/json.hpp"
#include "core/document/json_members.hpp"
#include "core/plugin_host/operator_loader.hpp"
#include "core/query/projection.hpp"
#include "core/query/query.hpp"
#include "core/query/query_case.hpp"
#include "core/query/sort.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kThreadsMax = 16;
constexpr std::size_t kPartBytesMin = std::size_t{256} << 10;  // less is not worth a thread
constexpr std::size_t kFaultsMax = 20;                         // shown; the others are counted
// With a limit, this many matches more than that are kept before the rest is dropped.
constexpr std::size_t kSortSpare = 10'000;

struct Match {
  std::string line;
  Sort::Key key;
};

// What one part of a block gives.
struct Findings {
  std::string text;                 // lines to print; without an order
  std::vector<Match> matches;       // with one
  std::vector<std::string> faults;  // "3: what is wrong", at most kFaultsMax
  std::size_t fault_count = 0;
  std::size_t matched = 0;
  std::size_t lines = 0;
  ConditionTally tally;
};

// What is asked, compiled. Shared by the threads as const.
struct Question {
  Query query;
  Sort sort;
  std::optional<Projection> projection;
  bool explains = false;
  bool counts = false;
  std::size_t limit = 0;  // 0: none
  // What the query reads, when nothing else of a document is needed.
  std::optional<MemberTree> members;
};

// Skipping what nobody asks for costs a fraction of reading it.
Result<Value> read_document(const Question& question, std::string_view line) {
  if (question.members && check_json(line)) {
    auto document = parse_members(line, *question.members);
    if (document) return document;
  }
  return parse_json(line);
}

// Without the marks of its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

void test_document(const Question& question, const Value& document, std::string_view line,
                   std::size_t first_line, Findings& findings) {
  const ValueView view(document);
  if (question.explains) {
    findings.tally.add(explain(question.query, view), first_line + findings.lines);
  }
  if (!question.query.matches(view)) return;
  ++findings.matched;
  if (question.counts || question.explains) return;
  std::string text =
      question.projection ? to_json(question.projection->apply(document)) : std::string(line);
  if (question.sort.empty()) {
    findings.text += text;
    findings.text += '\n';
  } else {
    findings.matches.push_back({std::move(text), question.sort.key(view)});
  }
}

// `first_line`: how many lines came before this part; only faults and misses need it.
Findings test_part(const Question& question, std::string_view part, std::size_t first_line) {
  Findings findings;
  while (!part.empty()) {
    const std::string_view line = take_line(part);
    ++findings.lines;
    if (is_blank(line)) continue;
    const auto fault = [&](std::string_view what) {
      if (++findings.fault_count > kFaultsMax) return;
      findings.faults.push_back(fmt::format("{}: {}", first_line + findings.lines, what));
    };
    const auto document = read_document(question, line);
    if (!document) {
      fault(document.error().message);
    } else if (!document->is_object()) {
      fault(fmt::format("a document is an object, not {}", name_of(document->kind())));
    } else {
      test_document(question, *document, line, first_line, findings);
      const bool enough = question.limit > 0 && question.sort.empty() && !question.explains &&
                          findings.matched >= question.limit;
      if (enough) break;
    }
  }
  return findings;
}

// Collects what the parts give, in their order.
class Collector {
 public:
  Collector(const Session& session, const Question& question, const std::string& name)
      : session_(session), question_(question), name_(name) {}

  // False: there is enough.
  bool take(Findings findings) {
    for (const std::string& fault : findings.faults) {
      if (++faults_shown_ > kFaultsMax) break;
      session_.fail({ExitCode::Usage, fmt::format("{}:{}", name_, fault)});
    }
    faults_ += findings.fault_count;
    tally_.add(std::move(findings.tally));
    matched_ += findings.matched;
    if (question_.sort.empty()) {
      print_up_to_the_limit(findings);
      return !has_enough();
    }
    std::move(findings.matches.begin(), findings.matches.end(), std::back_inserter(matches_));
    if (question_.limit > 0 && matches_.size() > question_.limit + kSortSpare) cut();
    return true;
  }

  ExitCode finish() {
    if (question_.explains) {
      session_.print(tally_.text(name_, session_.terminal.utf8));
    } else if (question_.counts) {
      const std::size_t shown =
          question_.limit > 0 ? std::min(matched_, question_.limit) : matched_;
      session_.print(fmt::format("{}\n", shown));
    } else {
      cut();
      for (const Match& match : matches_) session_.print(match.line + "\n");
    }
    if (faults_ > kFaultsMax) {
      session_.fail({ExitCode::Usage, fmt::format("{}: {} more lines are no documents", name_,
                                                  faults_ - kFaultsMax)});
    }
    if (faults_ > 0) return ExitCode::Usage;
    return matched_ > 0 ? ExitCode::Ok : ExitCode::Failure;
  }

 private:
  bool has_enough() const {
    return question_.limit > 0 && !question_.explains && matched_ >= question_.limit;
  }

  void print_up_to_the_limit(const Findings& findings) {
    std::string_view text = findings.text;
    if (question_.limit == 0) {
      session_.print(text);
    } else {
      const std::size_t before = matched_ - findings.matched;
      std::size_t left = question_.limit - std::min(before, question_.limit);
      std::string_view rest = text;
      for (; left > 0 && !rest.empty(); --left) take_line(rest);
      session_.print(text.substr(0, text.size() - rest.size()));
    }
    std::fflush(stdout);
  }

  void cut() {
    std::stable_sort(matches_.begin(), matches_.end(), [&](const Match& a, const Match& b) {
      return question_.sort.compare(a.key, b.key) < 0;
    });
    if (question_.limit > 0 && matches_.size() > question_.limit) {
      matches_.resize(question_.limit);
    }
  }

  const Session& session_;
  const Question& question_;
  const std::string& name_;
  ConditionTally tally_;
  std::vector<Match> matches_;
  std::size_t matched_ = 0;
  std::size_t faults_ = 0;
  std::size_t faults_shown_ = 0;
};

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

Result<ExitCode> match_lines(const Session& session, const Question& question, MatchInput& input) {
  Collector collector(session, question, input.name());
  const std::size_t threads =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
  std::size_t lines = 0;
  for (bool more = true; more;) {
    const std::string_view block = STORM_TRY(input.next());
    if (block.empty()) break;
    const std::size_t parts = std::clamp<std::size_t>(block.size() / kPartBytesMin, 1, threads);
    std::vector<std::future<Findings>> others;
    std::optional<std::string_view> first;
    for (const std::string_view part : cut_at_lines(block, parts)) {
      const std::size_t before = lines;
      lines += lines_in(part);
      if (!first) {
        first = part;
        continue;
      }
      others.push_back(std::async(std::launch::async, [&question, part, before] {
        return test_part(question, part, before);
      }));
    }
    more = collector.take(test_part(question, *first, lines - lines_in(block)));
    for (std::future<Findings>& other : others) {
      Findings findings = other.get();
      if (more) more = collector.take(std::move(findings));
    }
  }
  return collector.finish();
}

ErrorBlock wrong(std::string message, std::vector<std::string> details = {}) {
  return {ExitCode::Usage, std::move(message), 0, "", std::move(details)};
}

Result<Query> read_query(const std::string& text, const OperatorSet& operators) {
  const auto filter = parse_json(text);
  if (!filter) {
    return Error{Errc::InvalidArgument,
                 fmt::format("the query is not JSON: {}", filter.error().message)};
  }
  Query query = STORM_TRY(Query::parse(*filter, operators, OddKeys::Fields));
  if (!query.groups().empty() || query.relations() != 0) {
    return Error{Errc::InvalidArgument,
                 "$group, $parent, $cluster, $host and $owner ask about other resources, which "
                 "lines of documents do not tell; use `stormctl resources ls -q`"};
  }
  return query;
}

Result<Sort> read_sort(const std::string& text) {
  if (text.empty()) return Sort();
  if (!text.starts_with('{')) return Sort::parse_words(text);
  const auto specification = parse_json(text);
  if (!specification) {
    return Error{Errc::InvalidArgument,
                 fmt::format("--sort is not JSON: {}", specification.error().message)};
  }
  return Sort::parse(*specification);
}

Result<Question> read_question(const Session& session, const MatchOptions& options,
                               const OperatorSet& operators) {
  Query query = STORM_TRY(read_query(*options.query, operators));
  Sort sort = STORM_TRY(read_sort(options.sort));
  Question question{std::move(query), std::move(sort), std::nullopt,
                    options.explain,  options.count,   static_cast<std::size_t>(options.limit),
                    std::nullopt};
  const std::vector<std::string>& fields = session.options.fields;
  if (!fields.empty()) question.projection = Projection::keeping(fields);
  // A name with a dot would be taken for a path.
  const auto& read = question.query.fields();
  const bool narrow = !question.explains && !question.projection && question.sort.empty() &&
                      !question.query.reads_names() &&
                      std::none_of(read.begin(), read.end(), [](const std::string& name) {
                        return name.find('.') != name.npos;
                      });
  if (narrow) {
    question.members.emplace();
    for (const std::string& path : question.query.paths()) question.members->add(path);
  }
  return question;
}

Result<ExitCode> match_cases(const Session& session, const std::string& file,
                             const OperatorSet& operators) {
  MatchInput input = STORM_TRY(MatchInput::open(file));
  std::size_t line = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  while (true) {
    std::string_view block = STORM_TRY(input.next());
    if (block.empty()) break;
    while (!block.empty()) {
      const std::string_view text = take_line(block);
      ++line;
      if (is_blank(text)) continue;
      const auto one = parse_json(text);
      const auto difference =
          one ? difference_of_case(*one, operators) : Result<std::string>(one.error());
      if (difference && difference->empty()) {
        ++passed;
        continue;
      }
      ++failed;
      const Value* id = one ? one->find("id") : nullptr;
      session.print(fmt::format("{}:{}: {}{}\n", input.name(), line,
                                id && id->is_string() ? id->as_string() + ": " : "",
                                difference ? *difference : difference.error().message));
    }
  }
  session.print(fmt::format("{} passed, {} failed\n", passed, failed));
  return failed > 0 ? ExitCode::Failure : ExitCode::Ok;
}

}  // namespace

ExitCode match_command(Session& session, const MatchOptions& options) {
  const bool cases = !options.cases.empty();
  if (cases == options.query.has_value()) {
    return session.fail(wrong(cases ? "--cases stands alone, without a query and a file"
                                    : "match takes a query and a file, or --cases FILE",
                              {"hint: stormctl match --help"}));
  }
  const auto operators = load_installed_operators(program_folder(), STORM_VERSION);
  if (!operators) return session.fail(wrong(operators.error().message));
  if (cases) {
    const auto code = match_cases(session, options.cases, **operators);
    return code ? *code : session.fail(wrong(code.error().message));
  }
  const auto question = read_question(session, options, **operators);
  if (!question) {
    return session.fail(wrong(question.error().message, {"hint: stormctl help query"}));
  }
  auto input = MatchInput::open(options.file);
  if (!input) return session.fail(wrong(input.error().message));
  const auto code = match_lines(session, *question, *input);
  return code ? *code : session.fail(wrong(code.error().message));
}

}  // namespace storm::cli
