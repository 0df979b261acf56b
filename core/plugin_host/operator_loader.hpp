// The operators of the installed plugins, as the query language takes them: what stormd does at its
// start, and stormctl where it tests files itself.
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "core/query/operator.hpp"

namespace storm {

// Where plugins lie that were built or installed with a program of this folder.
std::vector<std::filesystem::path> installed_plugin_folders(
    const std::filesystem::path& program_folder);

// Starts an instance of each, which lives as long as the operators. The error is of the first that
// does not start.
Result<std::shared_ptr<const OperatorSet>> load_operators(std::span<const Manifest> plugins,
                                                          const PluginEnvironment& environment);

// All that are installed, for a program without a configuration. They log nothing.
Result<std::shared_ptr<const OperatorSet>> load_installed_operators(
    const std::filesystem::path& program_folder, const std::string& version);

}  // namespace storm
