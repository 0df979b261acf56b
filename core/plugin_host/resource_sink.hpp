// Where an executor's discoveries go. The daemon implements it over the engine; tests keep what
// they are given. Shared by the threads of an executor's scopes. [any-thread]
#pragma once
#include <functional>

#include "core/model/agent.hpp"
#include "core/model/discovery.hpp"

namespace storm {

enum class Taken {
  Yes,
  Stopped,  // `stop` said so before there was room
  Relist,   // the model does not know this source any more: list again
};

class ResourceSink {
 public:
  virtual ~ResourceSink() = default;
  // Waits while the model is behind, until `stop()` says otherwise.
  virtual Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) = 0;
  // How the source is doing; only called when that has changed. Must not wait.
  virtual void report(SourceReport report) = 0;
};

}  // namespace storm
