#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/find_entity.hpp"
#include "cli/list_request.hpp"
#include "cli/note_type.hpp"
#include "cli/print_documents.hpp"
#include "cli/resource_tree.hpp"
#include "cli/watch.hpp"

namespace storm::cli {
namespace {

std::string text_of_list(const Session& session, const Noun& noun, const ListOptions& options,
                         const Value::Array& documents) {
  const OutputFormat output = session.options.output;
  const bool table = output == OutputFormat::Table || output == OutputFormat::Wide;
  if (!options.tree || !table) return list_text(session, noun, documents);
  return to_text(tree_of(documents, session.terminal.utf8), table_options(session));
}

// Goes on until there is enough, or no more.
Answer with_further_pages(Session& session, const ListOptions& options, Answer answer) {
  const auto limit = static_cast<std::size_t>(options.limit);
  std::string next = next_page(answer);
  while (!next.empty() && answer.body.as_array().size() < limit) {
    Answer page = session.client.get(next);
    if (!page.ok()) return page;
    if (!page.body.is_array() || page.body.as_array().empty()) break;
    for (Value& document : page.body.as_array()) {
      if (answer.body.as_array().size() < limit) answer.body.push_back(std::move(document));
    }
    next = next_page(page);
  }
  return answer;
}

}  // namespace

ExitCode list_command(Session& session, const Noun& noun, const ListOptions& options) {
  auto request = make_list_request(session, noun, options);
  if (!request) {
    return session.fail({ExitCode::InvalidInput,
                         request.error().message,
                         0,
                         "",
                         {"hint: stormctl help query; for ids only, put -q last"}});
  }
  const auto load = [&]() -> Answer {
    Answer answer = session.client.get(request->path());
    if (answer.status == 404 && !options.members.empty()) {
      const Noun& group = *find_noun("group");
      answer.error =
          not_found(session.client, group, without_kind(group, options.members), *answer.error);
    } else if (answer.ok() && !answer.body.is_array()) {
      answer.error = ErrorBlock{ExitCode::Failure, "the server did not answer with a list"};
    }
    return answer.ok() && options.limit > 0 ? with_further_pages(session, options, answer) : answer;
  };
  if (options.watch) {
    Watch watch{session, noun};
    watch.initial = options.initial;
    watch.load = load;
    watch.load_one = [&](const std::string& id) {
      return session.client.get(request->path_of_one(id));
    };
    watch.draw = [&](const Value::Array& documents) {
      return text_of_list(session, noun, options, documents);
    };
    if (!options.members.empty()) watch.group = without_kind(*find_noun("group"), options.members);
    watch.filtered = !request->filter.is_null() || !session.options.fields.empty();
    note_unknown_type(session.client, options.type);
    return run_watch(watch);
  }
  const Answer answer = load();
  if (!answer.ok()) return session.fail(*answer.error);
  if (answer.body.as_array().empty()) note_unknown_type(session.client, options.type);
  session.print(text_of_list(session, noun, options, answer.body.as_array()));
  const auto total = answer.headers.find("storm-total");
  if (options.limit > 0 && total != answer.headers.end() &&
      total->second != std::to_string(answer.body.as_array().size())) {
    fmt::print(stderr, "{} of {} shown\n", answer.body.as_array().size(), total->second);
  }
  return ExitCode::Ok;
}

}  // namespace storm::cli
