// apply: one command against a state. Checks the command whole before it changes anything, so a
// refused one leaves no trace. Engine thread only; no store, no threads, no clock of its own.
#pragma once
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/result.hpp"
#include "core/engine/change.hpp"
#include "core/engine/command.hpp"
#include "core/engine/view_preparation.hpp"
#include "core/model/redaction.hpp"
#include "core/query/operator.hpp"

namespace storm {

// Full listings that are under way, by agent and scope.
struct Listing {
  std::uint64_t epoch = 0;
  PersistentSet<Uuid> seen;  // copied for free, to go back to
};
inline constexpr std::size_t kListingsMax = 64;  // of one agent, as an executor has scopes
using Listings = std::map<std::pair<Uuid, std::string>, Listing>;

// What a group's filter matches, found ahead.
struct PreparedMatches {
  Value filter;
  Matches matches;
};

// What was found ahead for one command.
struct Prepared {
  std::optional<PreparedMatches> matches;
  std::optional<PreparedView> view;
};

struct ApplyContext {
  Change& change;
  const OperatorSet& operators;
  const Redactor& redactor;
  const TextPacker& packer;
  TextPool& texts;
  Listings& listings;
  MonoTime alive_since = 0;  // nobody could send a heartbeat before
  MonoTime mono_now = 0;
  Prepared prepared;
  // Groups whose query has to be tested on more resources one by one are refused.
  std::size_t group_tests_max = std::numeric_limits<std::size_t>::max();
};

// Answers what was made or changed.
Result<Id> apply(const Command& command, ApplyContext& context);

// Agents that have been silent for too long go offline; those of this stormd get their heartbeat.
void expire_agents(ApplyContext& context);

// True when the answer has to wait until the store has it.
bool is_durable(const Command& command);

// The id of an agent's resource with that uid.
Id resource_id(const Id& agent, const std::string& uid);
// Of all upserts of a batch and of their relatives; cheaper than one by one.
std::vector<ResourceIds> resource_ids(const Id& agent, const DiscoveryBatch& batch);

}  // namespace storm
