// A machine plugin in C++: derive from Machine, register with STORM_MACHINE_PLUGIN.
//
//   class Cloud final : public storm::sdk::Machine {
//    public:
//     Cloud(storm::sdk::Host host, std::string_view config_json);   // a Fault when it is wrong
//     std::string spawn(const Call& call, const MachineSpec& spec) override;
//     void destroy(const Call& call, std::string_view uid) override;
//   };
//   STORM_MACHINE_PLUGIN(cloud, Cloud, kConfigSchema)                // last line of the file
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storm/cpp/plugin.hpp"
#include "storm/machine.h"

namespace storm::sdk {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// What is wanted of a machine; borrowed from the call.
struct MachineSpec {
  std::string_view name;
  std::string_view offer;
  std::string_view image;
  std::string_view boot_script;  // never log it
  std::string_view options_json;
  std::uint32_t cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_bytes = 0;
  Pairs labels;
};

// A program to run; borrowed from the call.
struct MachineProgram {
  std::vector<std::string_view> arguments;
  Pairs environment;  // never log it
  std::string_view input;
};

// Where a program's output goes. A view; lives until the call returns.
class ProgramOutput {
 public:
  explicit ProgramOutput(const storm_exec_sink* sink) : sink_(sink) {}
  void output(std::string_view chunk) const { write(STORM_EXEC_OUTPUT, chunk); }
  void errors(std::string_view chunk) const { write(STORM_EXEC_ERRORS, chunk); }

 private:
  void write(std::uint32_t stream, std::string_view chunk) const {
    const storm_rc rc = sink_->write(sink_, stream, str(chunk));
    if (rc < 0) throw Fault(rc, "the host does not take more of the output");
  }
  const storm_exec_sink* sink_;
};

// Meaning and answers of each function are those of storm/machine.h. A function that a plugin does
// not override is absent from its table. All [work].
class Machine : public PluginObject {
 public:
  // `wanted` may be null. Optional.
  virtual std::string available(const Call&, const MachineSpec* /*wanted*/) { return {}; }
  virtual std::string spawn(const Call&, const MachineSpec&) = 0;
  virtual void destroy(const Call&, std::string_view uid) = 0;
  // Optional.
  virtual std::string snapshot(const Call&, std::string_view /*uid*/, std::string_view /*name*/) {
    return {};
  }
  // Optional.
  virtual std::string address(const Call&, std::string_view /*uid*/) { return {}; }
  // The exit status. Optional.
  virtual std::int32_t exec(const Call&, std::string_view /*uid*/, const MachineProgram&,
                            const ProgramOutput&) {
    return 0;
  }
};

namespace detail {

// Reads element i of a list whose elements the writer may know more or fewer members of.
template <typename Element>
const Element& element(const storm_list& list, std::uint32_t i) {
  return *reinterpret_cast<const Element*>(static_cast<const char*>(list.p) +
                                           std::size_t{i} * list.stride);
}

inline Pairs pairs_of(const storm_list& list) {
  Pairs pairs;
  for (std::uint32_t i = 0; i < list.n; ++i) {
    const auto& pair = element<storm_pair>(list, i);
    pairs.emplace_back(view(pair.key), view(pair.value));
  }
  return pairs;
}

template <typename T>
struct MachineKind {
  static constexpr const char* kInterface = STORM_MACHINE_V1;

  static storm_rc available(storm_inst* inst, const storm_call* raw,
                            const storm_machine_spec* wanted, const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      if (!wanted) return write(out, self.available(call, nullptr));
      const MachineSpec spec = spec_of(*wanted);
      write(out, self.available(call, &spec));
    });
  }
  static storm_rc spawn(storm_inst* inst, const storm_call* raw, const storm_machine_spec* spec,
                        const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      write(out, self.spawn(call, spec_of(*spec)));
    });
  }
  static storm_rc destroy(storm_inst* inst, const storm_call* raw, storm_str uid) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { self.destroy(call, view(uid)); });
  }
  static storm_rc snapshot(storm_inst* inst, const storm_call* raw, storm_str uid, storm_str name,
                           const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      write(out, self.snapshot(call, view(uid), view(name)));
    });
  }
  static storm_rc address(storm_inst* inst, const storm_call* raw, storm_str uid,
                          const storm_out* out) noexcept {
    return enter<T>(inst, raw,
                    [&](T& self, const Call& call) { write(out, self.address(call, view(uid))); });
  }
  static storm_rc exec(storm_inst* inst, const storm_call* raw, storm_str uid,
                       const storm_exec* program, const storm_exec_sink* sink,
                       std::int32_t* exit_status) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      *exit_status = self.exec(call, view(uid), program_of(*program), ProgramOutput(sink));
    });
  }

  static MachineSpec spec_of(const storm_machine_spec& raw) {
    MachineSpec spec;
    spec.name = view(raw.name);
    spec.offer = view(raw.offer);
    spec.image = view(raw.image);
    spec.boot_script = view(raw.boot_script);
    spec.options_json = view(raw.options_json);
    spec.cpus = raw.cpus;
    spec.memory_bytes = raw.memory_bytes;
    spec.disk_bytes = raw.disk_bytes;
    spec.labels = pairs_of(raw.labels);
    return spec;
  }
  static MachineProgram program_of(const storm_exec& raw) {
    MachineProgram program;
    for (std::uint32_t i = 0; i < raw.arguments.n; ++i) {
      program.arguments.push_back(view(element<storm_str>(raw.arguments, i)));
    }
    program.environment = pairs_of(raw.environment);
    program.input = view(raw.input);
    return program;
  }

  static constexpr storm_machine_v1 kTable = {
      sizeof(storm_machine_v1),
      0,
      overrides<decltype(&T::available), decltype(&Machine::available)> ? &available : nullptr,
      &spawn,
      &destroy,
      overrides<decltype(&T::snapshot), decltype(&Machine::snapshot)> ? &snapshot : nullptr,
      overrides<decltype(&T::address), decltype(&Machine::address)> ? &address : nullptr,
      overrides<decltype(&T::exec), decltype(&Machine::exec)> ? &exec : nullptr,
  };
};

}  // namespace detail
}  // namespace storm::sdk

// At namespace scope, outside any namespace. `schema`: constexpr text, JSON Schema of the
// configuration, or "".
#define STORM_MACHINE_PLUGIN(name, Class, schema) \
  STORM_SDK_PLUGIN(name, "machine", ::storm::sdk::detail::MachineKind, Class, schema)
