// What the query service reads for plugins. An interface: the daemon implements it over the
// engine's snapshots, a process of a plugin over its wire. [any-thread]
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "storm/host.h"

namespace storm {

inline constexpr std::size_t kModelFilterBytesMax = std::size_t{64} * 1024;
inline constexpr std::uint32_t kModelItemsDefault = 1000;
inline constexpr std::uint32_t kModelItemsMax = STORM_QUERY_LIMIT_MAX;

// Of resources; see storm_query.
struct ModelQuery {
  std::string group;
  std::string filter_json;
  std::string after;
  std::uint32_t limit = kModelItemsDefault;
};

class ModelReader {
 public:
  virtual ~ModelReader() = default;

  // Hands the answer on in pieces, until `write` answers false (Cancelled) or `give_up` true
  // (TimedOut). NotFound, InvalidArgument and Conflict as the service tells them; Unavailable:
  // there is no model yet, or no more.
  virtual Result<void> find(const ModelQuery& query, const std::function<bool()>& give_up,
                            const std::function<bool(std::string_view)>& write) = 0;
};

}  // namespace storm
