// The readable form of every answer for browsers: a linked page made from its JSON, so that the API
// can be walked without a manual. Everything shown is escaped; the page runs no script.
// [any-thread]
#pragma once
#include <string>
#include <string_view>

#include "core/rest/answer.hpp"
#include "core/rest/request.hpp"

namespace storm::rest {

inline constexpr std::size_t kHtmlBodyMax = 16 * 1024 * 1024;  // JSON beyond this stays JSON

// Turns a JSON answer into a page; answers of other kinds stay as they are.
Answer to_html(const Request& request, Answer answer);

std::string escape_html(std::string_view text);

}  // namespace storm::rest
