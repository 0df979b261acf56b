// What a query says of itself must agree with what it does. For fuzzers: a disagreement is printed
// and ends the process.
#pragma once
#include "core/document/value.hpp"
#include "core/query/query.hpp"

namespace storm::fuzz {

[[noreturn]] void disagree(const char* what, const Value& filter, const Value& document);

// Whether the document matches; on the way its access predicates, its explanation and what it
// decides by a part of a document are held against that. `filter` is what `query` was made of.
bool agreed_match(const Query& query, const Value& filter, const Value& document);

}  // namespace storm::fuzz
