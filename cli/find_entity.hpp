// From what a person typed to a document: an id, the beginning of an id, a name, or TYPE/NAME.
#pragma once
#include <string>

#include "cli/client.hpp"
#include "cli/nouns.hpp"

namespace storm::cli {

// The answer's error names what exists, when nothing of that name does.
Answer find_entity(Client& client, const Noun& noun, const std::string& word,
                   const QueryString& query = {});
// The same for a message of another request that was answered with 404.
ErrorBlock not_found(Client& client, const Noun& noun, const std::string& word,
                     const ErrorBlock& answered);
// `word` without a leading "group/" or the like.
std::string without_kind(const Noun& noun, const std::string& word);

}  // namespace storm::cli
