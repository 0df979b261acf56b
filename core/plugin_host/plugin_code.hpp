// The functions of one plugin as its instance calls them: of a library that is mapped here, or of a
// proxy for one that is mapped in a process of its own. An interface; see storm/plugin.h for the
// threads on which each function is called.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/plugin_host/manifest.hpp"
#include "storm/plugin.h"

namespace storm {

class HostServices;

// How the process of an isolated plugin is.
struct ProcessState {
  std::uint64_t generation = 0;  // 1 for the first process of the instance
  std::int32_t pid = 0;          // 0: none runs
  bool quarantined = false;      // none is started any more
  std::string reason;            // of the last death; empty when there was none
};

class PluginCode {
 public:
  virtual ~PluginCode() = default;

  // The table of the one interface that the plugin's kind requires.
  virtual const void* table() const = 0;
  virtual storm_rc create(const storm_host* host, const storm_call* call, storm_str config,
                          storm_inst** out) = 0;
  virtual storm_rc start(storm_inst* instance, const storm_call* call, storm_str carried) = 0;
  // STORM_E_UNSUPPORTED when the plugin has no such function.
  virtual storm_rc reconfigure(storm_inst* instance, const storm_call* call, storm_str config) = 0;
  virtual storm_rc quiesce(storm_inst* instance, const storm_call* call,
                           const storm_out* carried) = 0;
  virtual void destroy(storm_inst* instance) = 0;
  // How long after its deadline a call may still come back, because somebody sees to it.
  virtual std::int64_t patience() const { return 0; }
  // Nothing for code that is mapped here.  [any-thread]
  virtual std::optional<ProcessState> process() const { return std::nullopt; }
  // Lets a process be started again at the next call.  [any-thread]
  virtual void clear_quarantine() {}
};

// Makes the proxy of a plugin for one instance, whose services outlive it.
using PluginIsolator =
    std::function<Result<std::shared_ptr<PluginCode>>(const Manifest&, HostServices&)>;

}  // namespace storm
