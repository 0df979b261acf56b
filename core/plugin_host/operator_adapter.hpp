// A query-operator plugin as a source of the query language's operators. Compiled programs keep the
// plugin's instance: it is stopped when the adapter and the last program are gone. [any-thread]
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/plugin_host/plugin_instance.hpp"
#include "core/query/operator.hpp"

namespace storm {

inline constexpr std::size_t kOperatorsMax = 256;  // of one plugin, and modifiers

class OperatorAdapter final : public OperatorSource {
 public:
  // Reads the operators of a started instance.
  static Result<std::shared_ptr<const OperatorAdapter>> create(
      std::shared_ptr<PluginInstance> instance);

  std::vector<std::string> operators() const override { return operators_; }
  std::vector<std::string> modifiers() const override { return modifiers_; }
  Result<std::shared_ptr<const OperatorProgram>> compile(std::string_view name,
                                                         const Value& argument,
                                                         const Value& modifiers) const override;

 private:
  class Runtime;
  class Program;

  std::shared_ptr<const Runtime> runtime_;
  std::vector<std::string> operators_;
  std::vector<std::string> modifiers_;
};

}  // namespace storm
