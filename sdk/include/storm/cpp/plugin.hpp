// What every kind of plugin shares: the base class of an instance, the edge that turns exceptions
// into codes, and the descriptor. A plugin author includes one of executor.hpp, machine.hpp,
// publisher.hpp, storage.hpp and query_operator.hpp, derives from its base class and ends the file
// with its STORM_..._PLUGIN.
#pragma once
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "storm/cpp/fault.hpp"
#include "storm/cpp/host.hpp"
#include "storm/cpp/text.hpp"
#include "storm/note.h"
#include "storm/plugin.h"

namespace storm::sdk {

// The life of an instance beyond its construction. The class that a plugin registers is made with
// (Host, std::string_view config_json): no I/O there, and a Fault for a configuration that is
// wrong.
class PluginObject {
 public:
  virtual ~PluginObject() = default;
  // May open connections. [ctl]
  virtual void start(const Call&, std::string_view /*carried_state*/) {}
  // Ends all work and joins every thread; what it returns is given to the next `start`. [ctl]
  virtual std::string quiesce(const Call&) { return {}; }
};

namespace detail {

// Runs `body` at the edge: nothing is thrown past here. [any]
template <typename Body>
storm_rc guarded(const Call& call, const Body& body) noexcept {
  try {
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        return STORM_OK;
      } else {
        return body();
      }
    } catch (const Fault& fault) {
      call.fail(fault);
      return fault.code();
    } catch (const std::exception& error) {
      call.fail(Fault(STORM_E_INTERNAL, std::string("unexpected: ") + error.what())
                    .layer(STORM_LAYER_PLUGIN));
      return STORM_E_INTERNAL;
    }
  } catch (...) {
    return STORM_E_INTERNAL;
  }
}

inline void write(const storm_out* out, std::string_view text) {
  const storm_rc rc = out->write(out, str(text));
  if (rc < 0) throw Fault(rc, "the host did not take the result");
}

// What a storm_inst points to. The object is destroyed before its host view.
template <typename T>
struct Instance {
  Instance(const storm_host* raw, storm_str config) : host(raw), object(host, view(config)) {}
  static Instance& of(storm_inst* inst) { return *reinterpret_cast<Instance*>(inst); }
  storm_inst* raw() { return reinterpret_cast<storm_inst*>(this); }

  Host host;
  T object;
};

// Calls a member of T at the edge.
template <typename T, typename Body>
storm_rc enter(storm_inst* inst, const storm_call* raw, const Body& body) noexcept {
  Instance<T>& self = Instance<T>::of(inst);
  const Call call(self.host, raw);
  return guarded(call, [&] { return body(self.object, call); });
}

// Whether T overrides a member of its base: an optional slot of the table is NULL when it does not.
template <typename Member, typename BaseMember>
inline constexpr bool overrides = !std::is_same_v<Member, BaseMember>;

template <typename T, typename Kind>
struct Lifecycle {
  static constexpr const char* kProvides[] = {Kind::kInterface, nullptr};

  static const void* iface(const char* id) noexcept {
    return std::strcmp(id, Kind::kInterface) == 0 ? &Kind::kTable : nullptr;
  }
  static storm_rc create(const storm_host* raw_host, const storm_call* call, storm_str config,
                         storm_inst** out) noexcept {
    const Host host(raw_host);
    return guarded(Call(host, call), [&] {
      *out = std::make_unique<Instance<T>>(raw_host, config).release()->raw();
    });
  }
  static storm_rc start(storm_inst* inst, const storm_call* raw, storm_str carried) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { self.start(call, view(carried)); });
  }
  static storm_rc quiesce(storm_inst* inst, const storm_call* raw, const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      const std::string state = self.quiesce(call);
      if (out && !state.empty()) write(out, state);
    });
  }
  static void destroy(storm_inst* inst) noexcept { delete &Instance<T>::of(inst); }
};

template <typename T, typename Kind>
constexpr storm_plugin descriptor(std::string_view id, std::string_view version,
                                  std::string_view config_schema) {
  using Life = Lifecycle<T, Kind>;
  storm_plugin plugin{};
  plugin.size = sizeof plugin;
  plugin.abi_major = STORM_ABI_MAJOR;
  plugin.abi_minor = STORM_ABI_MINOR;
  plugin.abi_min_minor = STORM_PLUGIN_MIN_MINOR;
  plugin.id = str(id);
  plugin.version = str(version);
  plugin.config_schema_json = str(config_schema);
  plugin.provides = Life::kProvides;
  plugin.iface = &Life::iface;
  plugin.create = &Life::create;
  plugin.start = &Life::start;
  plugin.quiesce = &Life::quiesce;
  plugin.destroy = &Life::destroy;
  return plugin;
}

}  // namespace detail
}  // namespace storm::sdk

// STORM_PLUGIN_VERSION is defined by storm_add_plugin().
#define STORM_SDK_PLUGIN(name, kind_text, Kind, Class, schema)                                   \
  STORM_EXPORT const storm_plugin* storm_entry_##name(uint32_t host_major, uint32_t) noexcept {  \
    static constexpr storm_plugin plugin = ::storm::sdk::detail::descriptor<Class, Kind<Class>>( \
        kind_text "." #name, STORM_PLUGIN_VERSION, schema);                                      \
    return host_major == STORM_ABI_MAJOR ? &plugin : nullptr;                                    \
  }
