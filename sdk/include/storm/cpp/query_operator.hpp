// A plugin with operators of the query language: derive from QueryOperator and Program, register
// with STORM_OPERATOR_PLUGIN.
//
//   class Text final : public storm::sdk::QueryOperator {
//    public:
//     static constexpr const char* kOperators[] = {"$regex", nullptr};
//     static constexpr const char* kModifiers[] = {"$options", nullptr};
//     Text(storm::sdk::Host host, std::string_view config_json);
//     std::unique_ptr<Program> compile(const Call&, std::string_view op, std::string_view arg_json,
//                                      std::string_view modifiers_json) override;
//   };
//   STORM_OPERATOR_PLUGIN(text, Text, "")
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "storm/cpp/plugin.hpp"
#include "storm/query_operator.h"

namespace storm::sdk {

// A compiled operator: immutable, shared by threads.
class Program {
 public:
  virtual ~Program() = default;
  // STORM_YES, STORM_OK (no match), or a negative code when cut off at a limit. [pure]
  virtual storm_rc match(const storm_value&) const noexcept = 0;
  // Which values can match at all; what the hint points to lives as long as the program. [pure]
  virtual void hint(storm_hint&) const noexcept {}
  // The answer at a time, and the first later time at which it can be another one (INT64_MAX:
  // never). Called when the operator says so by `static constexpr bool kTimed = true`. [pure]
  virtual storm_rc match_at(const storm_value& value, std::int64_t now_wall_ns,
                            std::int64_t& changes_at_wall_ns) const noexcept {
    static_cast<void>(now_wall_ns);
    changes_at_wall_ns = INT64_MAX;
    return match(value);
  }
};

class QueryOperator : public PluginObject {
 public:
  // A Fault of STORM_E_INVALID names what is wrong with the argument. [work]
  virtual std::unique_ptr<Program> compile(const Call&, std::string_view op,
                                           std::string_view arg_json,
                                           std::string_view modifiers_json) = 0;
};

namespace detail {

template <typename T>
struct QueryOperatorKind {
  static constexpr const char* kInterface = STORM_QUERYOP_V1;

  static const Program& of(const storm_prog* program) {
    return *reinterpret_cast<const Program*>(program);
  }

  static storm_rc compile(storm_inst* inst, const storm_call* raw, const char* op, storm_str arg,
                          storm_str modifiers, storm_prog** out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      std::unique_ptr<Program> program = self.compile(call, op, view(arg), view(modifiers));
      *out = reinterpret_cast<storm_prog*>(program.release());
    });
  }
  static storm_rc match(const storm_prog* program, const storm_value* value) noexcept {
    return of(program).match(*value);
  }
  static storm_rc hint(const storm_prog* program, storm_hint* out) noexcept {
    storm_hint hint{};
    of(program).hint(hint);
    hint.size = out->size;
    std::memcpy(out, &hint, std::min<std::size_t>(out->size, sizeof hint));
    return STORM_OK;
  }
  static void release(storm_prog* program) noexcept { delete &of(program); }
  static storm_rc match_at(const storm_prog* program, const storm_value* value,
                           std::int64_t now_wall_ns, std::int64_t* changes_at_wall_ns) noexcept {
    return of(program).match_at(*value, now_wall_ns, *changes_at_wall_ns);
  }
  static constexpr bool is_timed() {
    if constexpr (requires { T::kTimed; }) return T::kTimed;
    return false;
  }

  static constexpr storm_queryop_v1 kTable = {
      sizeof(storm_queryop_v1),
      0,
      T::kOperators,
      T::kModifiers,
      &compile,
      &match,
      &hint,
      &release,
      is_timed() ? &match_at : nullptr,
  };
};

}  // namespace detail
}  // namespace storm::sdk

#define STORM_OPERATOR_PLUGIN(name, Class, schema) \
  STORM_SDK_PLUGIN(name, "operator", ::storm::sdk::detail::QueryOperatorKind, Class, schema)
