// An executor plugin in C++: derive from Executor, register with STORM_EXECUTOR_PLUGIN.
//
//   class Cloud final : public storm::sdk::Executor {
//    public:
//     Cloud(storm::sdk::Host host, std::string_view config_json);   // a Fault when it is wrong
//     std::string describe(const Call&) override { return R"({"agent_type": "cloud"})"; }
//     void watch(const Call& call, std::string_view scope, std::string_view bookmark,
//                const Feed& feed) override;
//   };
//   STORM_EXECUTOR_PLUGIN(cloud, Cloud, kConfigSchema)               // last line of the file
#pragma once
#include "storm/cpp/batch.hpp"
#include "storm/cpp/plugin.hpp"
#include "storm/executor.h"

namespace storm::sdk {

// A procedure to run; borrowed from the call.
struct Operation {
  std::string_view procedure;
  std::string_view target_uid;
  std::string_view params_json;
  std::string_view recovery_token;  // only for `recover`
};

// Threads and meaning of each function are those of storm/executor.h. A function that a plugin
// does not override is absent from its table.
class Executor : public PluginObject {
 public:
  // A JSON object: {"agent_type": "...", "options": {...}, "scopes": [...], "types": [...]}. [work]
  virtual std::string describe(const Call&) = 0;
  // A full listing of the scope, bracketed by begin_sync and end_sync. Optional. [work]
  virtual void sync(const Call&, std::string_view /*scope*/, const Feed&) {}
  // Follows the scope; returns soon after the call is cancelled. [watch]
  virtual void watch(const Call&, std::string_view scope, std::string_view bookmark,
                     const Feed&) = 0;
  // Runs a procedure and returns its result as JSON. Optional. [work]
  virtual std::string invoke(const Call&, const Operation&) { return {}; }
  // Settles an operation whose host or plugin died. Optional. [work]
  virtual std::string recover(const Call&, const Operation&) { return {}; }
};

namespace detail {

template <typename T>
struct ExecutorKind {
  static constexpr const char* kInterface = STORM_EXECUTOR_V1;

  static storm_rc describe(storm_inst* inst, const storm_call* raw, const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { write(out, self.describe(call)); });
  }
  static storm_rc sync(storm_inst* inst, const storm_call* raw, storm_str scope,
                       const storm_feed* feed) noexcept {
    return enter<T>(inst, raw,
                    [&](T& self, const Call& call) { self.sync(call, view(scope), Feed(feed)); });
  }
  static storm_rc watch(storm_inst* inst, const storm_call* raw, storm_str scope,
                        storm_str bookmark, const storm_feed* feed) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      self.watch(call, view(scope), view(bookmark), Feed(feed));
    });
  }
  static storm_rc invoke(storm_inst* inst, const storm_call* raw, const storm_op* op,
                         const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      write(out, self.invoke(call, operation_of(*op)));
    });
  }
  static storm_rc recover(storm_inst* inst, const storm_call* raw, const storm_op* op,
                          const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      write(out, self.recover(call, operation_of(*op)));
    });
  }
  static Operation operation_of(const storm_op& op) {
    return {view(op.procedure), view(op.target_uid), view(op.params_json), view(op.recovery_token)};
  }

  static constexpr storm_executor_v1 kTable = {
      sizeof(storm_executor_v1),
      0,
      &describe,
      overrides<decltype(&T::sync), decltype(&Executor::sync)> ? &sync : nullptr,
      &watch,
      overrides<decltype(&T::invoke), decltype(&Executor::invoke)> ? &invoke : nullptr,
      overrides<decltype(&T::recover), decltype(&Executor::recover)> ? &recover : nullptr,
  };
};

}  // namespace detail
}  // namespace storm::sdk

// At namespace scope, outside any namespace. `schema`: constexpr text, JSON Schema of the
// configuration, or "".
#define STORM_EXECUTOR_PLUGIN(name, Class, schema) \
  STORM_SDK_PLUGIN(name, "executor", ::storm::sdk::detail::ExecutorKind, Class, schema)
