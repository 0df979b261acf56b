#include "cli/find_entity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/nearest.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kPrefixDigitsMin = 3;  // of the beginning of an id, behind "res-"
constexpr std::size_t kCandidatesShown = 10;

// Ids and names of all there is.
Value::Array list_all(Client& client, const Noun& noun) {
  Answer answer = client.get(
      path_to(noun.collection, {}, {{"fields", noun.name == "resource" ? "id,names" : "id,name"}}));
  return answer.ok() && answer.body.is_array() ? std::move(answer.body.as_array()) : Value::Array();
}

void add_names(const Value& document, std::vector<std::string>& names) {
  const Value* value = document.find("name");
  if (value == nullptr) value = document.find("names");
  if (value == nullptr) return;
  if (value->is_string()) names.push_back(value->as_string());
  if (!value->is_array()) return;
  for (const Value& name : value->as_array()) {
    if (name.is_string()) names.push_back(name.as_string());
  }
}

ErrorBlock ambiguous(const Noun& noun, const std::string& word,
                     const std::vector<std::string>& ids) {
  ErrorBlock block;
  block.exit = ExitCode::NotFound;
  block.code = "ambiguous";
  block.message = fmt::format("{} \"{}\" is ambiguous", noun.name, word);
  for (const std::string& id : ids) {
    if (block.details.size() == kCandidatesShown) {
      block.details.push_back(fmt::format("and {} more", ids.size() - kCandidatesShown));
      break;
    }
    block.details.push_back(id);
  }
  block.details.push_back("hint: use an id");
  return block;
}

ErrorBlock not_found_among(const Noun& noun, const std::string& word, const ErrorBlock& answered,
                           const Value::Array& all) {
  ErrorBlock block = answered;
  block.exit = ExitCode::NotFound;
  block.message = fmt::format("{} \"{}\" not found", noun.name, word);
  block.code = "not-found";
  block.details.clear();
  std::vector<std::string> names;
  if (const Value* given = answered.problem.find("suggestions");
      given != nullptr && given->is_array()) {
    for (const Value& name : given->as_array()) {
      if (name.is_string()) names.push_back(name.as_string());
    }
  }
  std::string line;
  if (!names.empty()) {
    for (const std::string& name : names) line += (line.empty() ? "did you mean: " : ", ") + name;
  } else {
    for (const Value& document : all) add_names(document, names);
    line = did_you_mean(word, names);
  }
  if (!line.empty()) block.details.push_back(line);
  block.details.push_back(fmt::format("hint: stormctl {} ls", noun.name));
  return block;
}

}  // namespace

std::string without_kind(const Noun& noun, const std::string& word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos || slash + 1 == word.size()) return word;
  return find_noun(word.substr(0, slash)) == &noun ? word.substr(slash + 1) : word;
}

ErrorBlock not_found(Client& client, const Noun& noun, const std::string& word,
                     const ErrorBlock& answered) {
  return not_found_among(noun, word, answered, list_all(client, noun));
}

Answer find_entity(Client& client, const Noun& noun, const std::string& word,
                   const QueryString& query) {
  const std::string name = without_kind(noun, word);
  if (name.empty()) {
    Answer none;
    none.error = ErrorBlock{ExitCode::Usage, fmt::format("an empty name names no {}", noun.name)};
    return none;
  }
  Answer answer = client.get(path_to(noun.collection, name, query));
  if (answer.ok() || answer.status != 404) return answer;
  const Value::Array all = list_all(client, noun);
  std::vector<std::string> sharing;
  for (const Value& document : all) {
    std::vector<std::string> names;
    add_names(document, names);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      sharing.push_back(id_of(document));
    }
  }
  if (sharing.size() > 1) {
    answer.error = ambiguous(noun, name, sharing);
    return answer;
  }
  if (name.starts_with(noun.id_prefix) && name.size() >= noun.id_prefix.size() + kPrefixDigitsMin) {
    std::vector<std::string> ids;
    for (const Value& document : all) {
      if (id_of(document).starts_with(name)) ids.push_back(id_of(document));
    }
    if (ids.size() == 1) return client.get(path_to(noun.collection, ids.front(), query));
    if (ids.size() > 1) {
      answer.error = ambiguous(noun, name, ids);
      return answer;
    }
  }
  answer.error = not_found_among(noun, name, *answer.error, all);
  return answer;
}

}  // namespace storm::cli
