// Errors as HTTP answers: the one table of codes, and the two forms in which clients read them, the
// original's ({"field": ["message"]}) and RFC 9457. [any-thread]
#pragma once
#include <string>

#include "core/base/error.hpp"
#include "core/document/value.hpp"
#include "core/rest/answer.hpp"
#include "core/rest/request.hpp"

namespace storm::rest {

unsigned http_status_of(Errc code);
std::string_view reason_of(unsigned status);  // "Not Found"

// Problems by field. A pointer that starts with '?' names a parameter of the URL, what follows it a
// place inside: "?q/$or/1".
Value field_keyed(const Error& error, unsigned status);
Value problem_document(const Error& error, unsigned status);

Answer error_answer(Format format, const Error& error);
// For faults of HTTP itself, which have no code of their own: 405, 406, 410, 413, ...
Answer error_answer(Format format, unsigned status, std::string message);

}  // namespace storm::rest
