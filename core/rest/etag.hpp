// Entity tags: a fingerprint of the whole JSON form of an entity, so that it changes with it and
// with nothing else. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace storm::rest {

std::uint64_t fingerprint(std::string_view text);  // FNV-1a; not against forgery

// `view` tells apart representations of the same state (a choice of fields, a page); empty: JSON.
std::string etag_of(std::string_view json, std::string_view view = "");
// Of a collection at a revision of the server, asked for with that target. `life` is another one
// for each start of the server: without a durable store its revisions begin again.
std::string etag_of_collection(std::uint64_t life, std::uint64_t revision, std::string_view target);

// Against an If-None-Match list: the same representation. `*` is any.
bool etag_listed(std::string_view header, std::string_view etag);
// Against an If-Match list: the same state, whatever representation the client had of it.
bool etag_state_listed(std::string_view header, std::string_view etag);

}  // namespace storm::rest
