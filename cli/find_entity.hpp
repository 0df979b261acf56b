// From what a person typed to a document: an id, the beginning of an id, a name, or TYPE/NAME.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "cli/nouns.hpp"

namespace storm::cli {

// Of resources that share the name: the id of the one that is meant; nothing when that is doubtful.
using Choose = std::function<std::optional<std::string>(const Value::Array& sharing)>;

// The answer's error names what exists, when nothing of that name does; and all that the word could
// mean, when that is more than one and `choose` does not tell.
Answer find_entity(Client& client, const Noun& noun, const std::string& word,
                   const QueryString& query = {}, const Choose& choose = {});
// Whether a resource has ended: such ones share their names with those that came after.
bool is_over(const Value& resource);
// The same for a message of another request that was answered with 404.
ErrorBlock not_found(Client& client, const Noun& noun, const std::string& word,
                     const ErrorBlock& answered);
// `word` without a leading "group/" or the like.
std::string without_kind(const Noun& noun, const std::string& word);

}  // namespace storm::cli
