#include "cli/find_entity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/nearest.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kPrefixDigitsMin = 3;  // of the beginning of an id, behind "res-"
constexpr std::size_t kCandidatesShown = 10;

// Ids and names of all there is, and what tells resources apart.
Value::Array list_all(Client& client, const Noun& noun) {
  const char* fields = noun.name == "resource" ? "id,names,type,status"
                       : noun.named            ? "id,name"
                                               : "id";
  Answer answer = client.get(path_to(noun.collection, {}, {{"fields", fields}}));
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

std::string text_at(const Value& document, std::string_view field) {
  const Value* value = document.find(field);
  return value == nullptr ? std::string() : text_of(*value);
}

// `found`: what the word could mean, what has not finished first.
ErrorBlock ambiguous(const Noun& noun, const std::string& word, Value::Array found) {
  std::stable_partition(found.begin(), found.end(), [](const Value& one) { return !is_over(one); });
  ErrorBlock block;
  block.exit = ExitCode::NotFound;
  block.code = "ambiguous";
  block.message = fmt::format("{} \"{}\" is ambiguous", noun.name, word);
  std::size_t id_width = 0, type_width = 0;
  for (const Value& one : found) {
    id_width = std::max(id_width, id_of(one).size());
    type_width = std::max(type_width, text_at(one, "type").size());
  }
  for (const Value& one : found) {
    if (block.details.size() == kCandidatesShown) {
      block.details.push_back(fmt::format("and {} more", found.size() - kCandidatesShown));
      break;
    }
    std::string line = id_of(one);
    if (const std::string type = text_at(one, "type"); !type.empty()) {
      line = fmt::format("{:<{}}   {:<{}}   {}", line, id_width, type, type_width,
                         text_at(one, "status"));
    }
    block.details.push_back(std::move(line));
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

bool is_over(const Value& resource) {
  const std::string status = text_at(resource, "status");
  return status == "stopped" || status == "error";
}

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
                   const QueryString& query, const Choose& choose) {
  const std::string name = without_kind(noun, word);
  if (name.empty()) {
    Answer none;
    none.error = ErrorBlock{ExitCode::Usage, fmt::format("an empty name names no {}", noun.name)};
    return none;
  }
  Answer answer = client.get(path_to(noun.collection, name, query));
  if (answer.ok() || answer.status != 404) return answer;
  const Value::Array all = list_all(client, noun);
  Value::Array sharing;
  for (const Value& document : all) {
    std::vector<std::string> names;
    add_names(document, names);
    if (std::find(names.begin(), names.end(), name) != names.end()) sharing.push_back(document);
  }
  if (sharing.size() > 1) {
    const std::optional<std::string> chosen = choose ? choose(sharing) : std::nullopt;
    if (chosen) return client.get(path_to(noun.collection, *chosen, query));
    answer.error = ambiguous(noun, name, std::move(sharing));
    return answer;
  }
  if (name.starts_with(noun.id_prefix) && name.size() >= noun.id_prefix.size() + kPrefixDigitsMin) {
    Value::Array beginning;
    for (const Value& document : all) {
      if (id_of(document).starts_with(name)) beginning.push_back(document);
    }
    if (beginning.size() == 1) {
      return client.get(path_to(noun.collection, id_of(beginning.front()), query));
    }
    if (beginning.size() > 1) {
      answer.error = ambiguous(noun, name, std::move(beginning));
      return answer;
    }
  }
  answer.error = not_found_among(noun, name, *answer.error, all);
  return answer;
}

}  // namespace storm::cli
