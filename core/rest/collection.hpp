// Answers for collections: filtered by `q`, ordered by `sort`, cut into pages by `limit` and
// `cursor`, printed with `fields` and `exclude`; or only counted, as a whole (`count=true`) and by
// values (`facets`). Long work is done a slice at a time, long answers are made piece by piece.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/rest/api.hpp"

namespace storm::rest {

inline constexpr std::size_t kPageItemsMax = 5'000;
inline constexpr std::size_t kHtmlPageItems = 100;  // when a browser asks for no limit
inline constexpr std::int64_t kFilterSliceNs = 2 * kNanosecondsPerMillisecond;
inline constexpr std::int64_t kFilterTimeMaxNs = 30 * kNanosecondsPerSecond;
inline constexpr std::size_t kQueryTextMax = 64 * 1024;  // as a parameter of the URL
inline constexpr std::string_view kCollectionParameters[] = {
    "q", "sort", "limit", "cursor", "fields", "exclude", "count", "facets"};

// What a collection holds in that snapshot, in its order.
using Candidates = std::vector<Uuid> (*)(const State& state, const CallPtr& call);
// All entities of the call's kind.
std::vector<Uuid> all_of_kind(const State& state, const CallPtr& call);

void answer_collection(const CallPtr& call, const Reply& reply, EntityKind kind, Snapshot snapshot,
                       Candidates candidates);

// When a query has taken longer than kFilterTimeMaxNs.
Answer too_slow(const Call& call);

// The filter of `q`; nothing when it is not given. The problems' pointers start with "?q".
Result<std::optional<Query>> parse_filter(const Call& call);
// "true" or "false"; false when it is not given.
Result<bool> parse_flag(const Url& url, std::string_view name);
// A whole number within bounds; `fallback` when it is not given.
Result<std::uint64_t> parse_count(const Url& url, std::string_view name, std::uint64_t low,
                                  std::uint64_t high, std::uint64_t fallback);

}  // namespace storm::rest
