#include "core/plugin_host/operator_adapter.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <cstring>
#include <utility>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "storm/query_operator.h"

namespace storm {
namespace {

constexpr std::int64_t kCompileTimeout = 5 * kNanosecondsPerSecond;
constexpr std::uint32_t kHintKeysMax = 10'000;  // a longer list is no hint

Result<std::vector<std::string>> read_words(const PluginInstance& instance,
                                            const char* const* words) {
  std::vector<std::string> out;
  for (; words && *words; ++words) {
    if (out.size() == kOperatorsMax) {
      return Error{Errc::PluginFault,
                   fmt::format("{}: its list of operators has no end", instance.name())};
    }
    if (**words != '$') {
      return Error{Errc::PluginFault, fmt::format("{}: its operator '{}' does not start with '$'",
                                                  instance.name(), one_line(*words))};
    }
    out.emplace_back(*words);
  }
  return out;
}

// `json` holds the text of an array or object while the result is used.
storm_value value_of(const Value& value, std::string& json) {
  storm_value out{};
  switch (value.kind()) {
    case Value::Kind::Null:
      out.kind = STORM_VALUE_NULL;
      break;
    case Value::Kind::Bool:
      out.kind = STORM_VALUE_BOOL;
      out.v.i = value.as_bool() ? 1 : 0;
      break;
    case Value::Kind::Int:
      out.kind = STORM_VALUE_INT;
      out.v.i = value.as_int();
      break;
    case Value::Kind::Double:
      out.kind = STORM_VALUE_FLOAT;
      out.v.f = value.as_double();
      break;
    case Value::Kind::String:
      out.kind = STORM_VALUE_STRING;
      out.v.s = to_abi(value.as_string());
      break;
    case Value::Kind::Array:
    case Value::Kind::Object:
      json = to_json(value);
      out.kind = STORM_VALUE_JSON;
      out.v.s = to_abi(json);
      break;
  }
  return out;
}

OperatorHint read_hint(const storm_hint& raw) {
  OperatorHint hint;
  hint.exact = raw.exact != 0;
  if (raw.kind == STORM_HINT_RANGE) {
    hint.kind = OperatorHint::Kind::Range;
    hint.low = text_of(raw.lo);
    hint.high = text_of(raw.hi);
    return hint;
  }
  if (raw.kind != STORM_HINT_ANY_OF && raw.kind != STORM_HINT_PREFIX) return {};
  if (raw.keys.n > kHintKeysMax || (raw.keys.n > 0 && !raw.keys.p) ||
      (raw.keys.n > 0 && raw.keys.stride < sizeof(storm_str))) {
    return {};
  }
  hint.kind =
      raw.kind == STORM_HINT_ANY_OF ? OperatorHint::Kind::AnyOf : OperatorHint::Kind::Prefix;
  for (std::uint32_t i = 0; i < raw.keys.n; ++i) {
    storm_str key{};
    std::memcpy(&key, static_cast<const char*>(raw.keys.p) + std::size_t{i} * raw.keys.stride,
                sizeof key);
    hint.keys.emplace_back(text_of(key));
  }
  return hint;
}

}  // namespace

// The instance, shared by the adapter and its programs.
class OperatorAdapter::Runtime {
 public:
  explicit Runtime(std::shared_ptr<PluginInstance> instance) : instance_(std::move(instance)) {}
  ~Runtime() {
    if (Result<void> stopped = instance_->stop(); !stopped) {
      instance_->services().log().error("{}", stopped.error().message);
    }
  }
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  PluginInstance& instance() const { return *instance_; }
  const storm_queryop_v1& table() const { return instance_->table<storm_queryop_v1>(); }
  void count_cut_off() const { instance_->services().count("operator_cut_offs_total"); }

 private:
  const std::shared_ptr<PluginInstance> instance_;
};

class OperatorAdapter::Program final : public OperatorProgram {
 public:
  Program(std::shared_ptr<const Runtime> runtime, storm_prog* program)
      : runtime_(std::move(runtime)), match_(runtime_->table().match), program_(program) {}
  ~Program() override {
    const ThreadClassScope scope(STORM_T_WORK);
    runtime_->table().release(program_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // A value that the plugin gave up on does not match; that is counted.
  bool matches(const Value& value) const override {
    std::string json;
    const storm_value raw = value_of(value, json);
    const ThreadClassScope scope(STORM_T_PURE);
    try {
      const storm_rc code = match_(program_, &raw);
      if (code < 0) runtime_->count_cut_off();
      return code == STORM_YES;
    } catch (...) {
      runtime_->count_cut_off();
      return false;
    }
  }

  OperatorHint hint() const override {
    const auto& table = runtime_->table();
    if (!table.hint) return {};
    storm_hint raw{};
    raw.size = sizeof raw;
    const ThreadClassScope scope(STORM_T_PURE);
    try {
      return table.hint(program_, &raw) < 0 ? OperatorHint{} : read_hint(raw);
    } catch (...) {
      return {};
    }
  }

 private:
  const std::shared_ptr<const Runtime> runtime_;
  storm_rc (*const match_)(const storm_prog*, const storm_value*);
  storm_prog* const program_;
};

Result<std::shared_ptr<const OperatorAdapter>> OperatorAdapter::create(
    std::shared_ptr<PluginInstance> instance) {
  auto adapter = std::make_shared<OperatorAdapter>();
  const auto& table = instance->table<storm_queryop_v1>();
  const PluginInstance& source = *instance;
  adapter->runtime_ = std::make_shared<const Runtime>(std::move(instance));
  if (!table.compile || !table.match || !table.release) {
    return Error{Errc::PluginFault, fmt::format("{}: its operator table has no compile, match or "
                                                "release",
                                                source.name())};
  }
  adapter->operators_ = STORM_TRY(read_words(source, table.operators));
  adapter->modifiers_ = STORM_TRY(read_words(source, table.modifiers));
  return std::shared_ptr<const OperatorAdapter>(std::move(adapter));
}

Result<std::shared_ptr<const OperatorProgram>> OperatorAdapter::compile(
    std::string_view name, const Value& argument, const Value& modifiers) const {
  const PluginInstance& instance = runtime_->instance();
  const std::string op(name);
  const std::string arg_json = to_json(argument);
  const std::string modifiers_json = to_json(modifiers);
  storm_prog* program = nullptr;
  PluginCall call(instance.clock(), STORM_T_WORK, kCompileTimeout);
  const auto compiled = call.run(instance.name(), "compile", [&] {
    return runtime_->table().compile(instance.handle(), call.raw(), op.c_str(), to_abi(arg_json),
                                     to_abi(modifiers_json), &program);
  });
  if (!compiled) {
    // What is wrong with an argument is said to whoever wrote the query: without our names for it.
    const std::optional<PluginFault> fault = call.fault();
    if (fault && fault->code == STORM_E_INVALID && !fault->message.empty()) {
      return Error{Errc::InvalidArgument, fault->message};
    }
    return compiled.error();
  }
  if (!program) {
    return Error{Errc::PluginFault,
                 fmt::format("{}: compile of {} succeeded without a program", instance.name(), op)};
  }
  return std::shared_ptr<const OperatorProgram>(std::make_shared<Program>(runtime_, program));
}

}  // namespace storm
