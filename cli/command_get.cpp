#include <algorithm>

#include "cli/commands.hpp"
#include "cli/find_entity.hpp"
#include "cli/print_documents.hpp"
#include "cli/watch.hpp"

namespace storm::cli {

ExitCode get_command(Session& session, const Noun& noun, const GetOptions& options) {
  ExitCode worst = ExitCode::Ok;
  Value::Array documents;
  QueryString query;  // with --fields: these, and what it is called by
  if (!session.options.fields.empty() && !options.watch) {
    std::string list = noun.named ? "id,name" : "id";
    for (const std::string& field : session.options.fields) list += "," + field;
    query.emplace_back("fields", std::move(list));
  }
  for (const std::string& word : options.words) {
    Answer answer = find_entity(session.client, noun, word, query);
    if (!answer.ok()) {
      worst = session.fail(*answer.error);
      if (worst == ExitCode::Unreachable) return worst;
      continue;
    }
    documents.push_back(std::move(answer.body));
  }
  if (worst != ExitCode::Ok && documents.empty()) return worst;
  if (!options.watch) {
    session.print(documents_text(session, noun, documents));
    return worst == ExitCode::Ok ? worst : ExitCode::Partial;
  }
  // The ids are watched, so that a changed name does not end it.
  Value::Array ids;
  for (const Value& document : documents) ids.push_back(id_of(document));
  const auto one = [&](const std::string& id) {
    Answer answer = session.client.get(path_to(noun.collection, id));
    if (answer.ok()) {
      answer.body = Value(Value::Array{std::move(answer.body)});
    } else if (answer.status == 404) {
      answer = Answer{};
      answer.body = Value::array();
    }
    return answer;
  };
  Watch watch{session, noun};
  watch.load = [&] {
    Answer all;
    all.body = Value::array();
    for (const Value& id : ids) {
      Answer answer = one(id.as_string());
      if (!answer.ok()) return answer;
      for (Value& document : answer.body.as_array()) all.body.push_back(std::move(document));
    }
    return all;
  };
  watch.load_one = [&](const std::string& id) {
    if (std::find(ids.begin(), ids.end(), Value(id)) != ids.end()) return one(id);
    Answer none;
    none.body = Value::array();
    return none;
  };
  watch.draw = [&](const Value::Array& shown) { return documents_text(session, noun, shown); };
  return run_watch(watch);
}

}  // namespace storm::cli
