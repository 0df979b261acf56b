// PluginOperator: an operator plugin called through its C tables alone, by a host that checks its
// manners: every refusal is described, once, with the code that is returned. compile() may be
// called by many threads.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "operator_samples.hpp"
#include "storm/query_operator.h"

namespace storm::conformance {

class PluginOperator {
 public:
  class Program {
   public:
    Program(const storm_queryop_v1& table, storm_prog* program)
        : table_(table), program_(program) {}
    ~Program() { table_.release(program_); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    storm_rc match(const std::string& text) const;
    storm_rc match(const storm_value& value) const { return table_.match(program_, &value); }
    storm_rc hint(storm_hint& out) const;

   private:
    const storm_queryop_v1& table_;
    storm_prog* const program_;
  };

  // Loads the library (once per process; it is never unloaded) and makes an instance.
  PluginOperator();
  ~PluginOperator();

  // Null when it was refused, with `code` and `message` telling why.
  std::unique_ptr<const Program> compile(const OperatorUse& use, storm_rc* code = nullptr,
                                         std::string* message = nullptr);
  const storm_queryop_v1& table() const { return *table_; }
  const storm_plugin& plugin() const { return *plugin_; }
  std::string breaches() const;  // of the contract, seen so far, one a line

 private:
  const storm_plugin* plugin_ = nullptr;
  const storm_queryop_v1* table_ = nullptr;
  storm_host host_{};
  storm_inst* instance_ = nullptr;
  mutable std::mutex mutex_;
  std::string breaches_;  // Guarded by mutex_.
};

}  // namespace storm::conformance
