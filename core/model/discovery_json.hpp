// DiscoveryBatch <-> JSON, as agents on other machines send it: the body of POST
// /v1/agents/{id}/discoveries. [any-thread]
//
//   {"scope": "", "epoch": 7, "sync_begin": true, "sync_end": true, "stale": false,
//    "upserts": [{"uid": "...", "type": "swarm-task", "parent_uid": "", "cluster_uid": "",
//                 "host_uid": "", "names": ["..."], "image": "", "image_digest": "",
//                 "status": "running", "health": "healthy", "revision": 12, "observed_at": NS,
//                 "stale": false, "snapshot": {...} or "TEXT"}],
//    "removals": ["uid"]}
//
// Only uid and type are required. A snapshot that is a text holds the provider's JSON, whose bytes
// are then kept; an object is printed anew.
#pragma once
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/discovery.hpp"

namespace storm {

// The problems are told by field. Nothing of it is trusted.
Result<DiscoveryBatch> discovery_from_value(const Value& body);

std::string to_json(const DiscoveryBatch& batch);
// One resource of it, for who counts bytes.
std::string to_json(const DiscoveredResource& resource);

}  // namespace storm
