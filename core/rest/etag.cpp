#include "core/rest/etag.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace storm::rest {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "abc.12" and W/"abc" both stand for the state "abc".
std::string_view inner(std::string_view tag, bool state_only) {
  tag = trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  return state_only ? tag.substr(0, tag.find('.')) : tag;
}

bool listed(std::string_view header, std::string_view etag, bool state_only) {
  if (trim(header) == "*") return true;
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    if (inner(header.substr(0, comma), state_only) == inner(etag, state_only)) return true;
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
  }
  return false;
}

}  // namespace

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211U;
  }
  return hash;
}

std::string etag_of(std::string_view json, std::string_view view) {
  const std::uint64_t state = XXH3_64bits(json.data(), json.size());
  if (view.empty()) return fmt::format("\"{:016x}\"", state);
  return fmt::format("\"{:016x}.{:08x}\"", state, static_cast<std::uint32_t>(fingerprint(view)));
}

std::string etag_of_collection(std::uint64_t life, std::uint64_t revision,
                               std::string_view target) {
  return fmt::format("\"r{:x}-{}.{:016x}\"", life, revision, fingerprint(target));
}

bool etag_listed(std::string_view header, std::string_view etag) {
  return listed(header, etag, false);
}

bool etag_state_listed(std::string_view header, std::string_view etag) {
  return listed(header, etag, true);
}

}  // namespace storm::rest
