#include "plugin_operator.hpp"

#include <dlfcn.h>

#include "catch.hpp"
#include "storm/cpp/text.hpp"

// What a call's failure is written to; ours, since we are the host.
struct storm_error {
  int faults = 0;
  storm_rc code = STORM_OK;
  std::string message;
};

namespace storm::conformance {
namespace {

using sdk::str;
using sdk::view;

void fail(const storm_host*, storm_error* error, const storm_fault* fault) {
  ++error->faults;
  error->code = fault->code;
  error->message = view(fault->message);
}

const void* no_service(const storm_host*, const char*) { return nullptr; }

storm_call call_of(storm_error& error, std::uint32_t thread_class) {
  storm_call call{};
  call.size = sizeof call;
  call.thread_class = thread_class;
  call.deadline_mono_ns = INT64_MAX;
  call.err = &error;
  return call;
}

}  // namespace

storm_rc PluginOperator::Program::match(const std::string& text) const {
  storm_value value{};
  value.kind = STORM_VALUE_STRING;
  value.v.s = str(text);
  return match(value);
}

storm_rc PluginOperator::Program::hint(storm_hint& out) const {
  return table_.hint ? table_.hint(program_, &out) : STORM_OK;
}

PluginOperator::PluginOperator() {
  void* handle = dlopen(OPERATOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) FAIL(dlerror());
  const auto function = reinterpret_cast<storm_entry_fn>(dlsym(handle, OPERATOR_ENTRY));
  if (function == nullptr) FAIL("the library does not export " << OPERATOR_ENTRY);
  plugin_ = function(STORM_ABI_MAJOR, STORM_ABI_MINOR);
  REQUIRE(plugin_ != nullptr);
  table_ = static_cast<const storm_queryop_v1*>(plugin_->iface(STORM_QUERYOP_V1));
  REQUIRE(table_ != nullptr);
  host_.size = sizeof host_;
  host_.abi_major = STORM_ABI_MAJOR;
  host_.abi_minor = STORM_ABI_MINOR;
  host_.name = str("conformance");
  host_.instance = str("operator");
  host_.service = &no_service;
  host_.fail = &fail;
  storm_error error;
  const storm_call call = call_of(error, STORM_T_CTL);
  INFO(error.message);
  REQUIRE(plugin_->create(&host_, &call, str(""), &instance_) == STORM_OK);
  REQUIRE(plugin_->start(instance_, &call, storm_str{}) == STORM_OK);
}

PluginOperator::~PluginOperator() {
  storm_error error;
  const storm_call call = call_of(error, STORM_T_CTL);
  CHECK(plugin_->quiesce(instance_, &call, nullptr) == STORM_OK);
  plugin_->destroy(instance_);
}

std::unique_ptr<const PluginOperator::Program> PluginOperator::compile(const OperatorUse& use,
                                                                       storm_rc* code,
                                                                       std::string* message) {
  storm_error error;
  const storm_call call = call_of(error, STORM_T_WORK);
  storm_prog* program = nullptr;
  const storm_rc result = table_->compile(instance_, &call, use.op.c_str(), str(use.argument),
                                          str(use.modifiers), &program);
  std::string breach;
  if (result < 0 && (error.faults != 1 || error.code != result || error.message.empty())) {
    breach = "code " + std::to_string(result) + " with " + std::to_string(error.faults) +
             " faults, the last of code " + std::to_string(error.code) + "\n";
  }
  if (result < 0 && program) breach += "a program beside a refusal\n";
  if (result >= 0 && (error.faults != 0 || !program)) breach += "a fault beside success\n";
  if (!breach.empty()) {
    const std::lock_guard lock(mutex_);
    breaches_ += use.op + " " + use.argument + " " + use.modifiers + ": " + breach;
  }
  if (code) *code = result;
  if (message) *message = error.message;
  if (result < 0) return nullptr;
  return std::make_unique<const Program>(*table_, program);
}

std::string PluginOperator::breaches() const {
  const std::lock_guard lock(mutex_);
  return breaches_;
}

}  // namespace storm::conformance
