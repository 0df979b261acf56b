// What the routes work on, and the tables of routes themselves. Owned by the server; outlives every
// request.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/rest/census.hpp"
#include "core/rest/metric.hpp"
#include "core/rest/paged_listings.hpp"
#include "core/rest/rendered_resources.hpp"
#include "core/rest/router.hpp"
#include "core/rest/traffic.hpp"

namespace storm::rest {

class PluginDesk;
class WatchFeed;

struct Api {
  Engine& engine;
  PagedListings& listings;
  CensusCache& census;
  RenderedResources& rendered;
  Traffic& traffic;
  std::shared_ptr<WatchFeed> feed;
  std::function<std::vector<Metric>()> more_metrics;  // of the daemon; may be empty
  std::string version;
  std::uint64_t life = 0;  // a random number for each start, part of what must not outlive it
  PluginDesk* plugins = nullptr;  // null: there is nobody to ask
};

std::span<const Route> entity_routes();
std::span<const Route> group_routes();
std::span<const Route> insight_routes();
std::span<const Route> job_routes();
std::span<const Route> procedure_routes();
std::span<const Route> agent_routes();
std::span<const Route> plugin_routes();
std::span<const Route> view_routes();
std::span<const Route> event_routes();
std::span<const Route> watch_routes();
std::span<const Route> status_routes();
std::span<const Route> system_routes();
// All of them; special paths before the general ones that they fit as well.
std::vector<Route> all_routes();

// For handlers that only read: answers with what `make` gives, on the connection's thread.
template <typename Make>
void answer_with(const Reply& reply, Make make) {
  reply([make = std::move(make)]() -> std::optional<Answer> { return make(); });
}

}  // namespace storm::rest
