// PluginDesk: what the server asks of whoever runs the plugins. The daemon implements it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm::rest {

enum class PluginAction : std::uint8_t { Reload, Enable, Disable, ClearQuarantine };

class PluginDesk {
 public:
  virtual ~PluginDesk() = default;
  // A list of objects, one for each plugin: id, kind, name, version, ..., instances. Does not wait.
  // [any-thread]
  virtual Value plugins() const = 0;
  // Does it, later, on a thread of its own; `done` is called once, from any thread, with the object
  // of the plugin as it is then. `plugin` is an id or, where only one has it, a name. [any-thread]
  virtual void act(PluginAction action, std::string plugin,
                   std::function<void(Result<Value>)> done) = 0;
};

}  // namespace storm::rest
