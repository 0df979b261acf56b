#include "core/runner/isolated_plugins.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/plugin_host/plugin_loader.hpp"
#include "core/runner/isolated_plugin.hpp"

namespace storm::runner {
namespace {

constexpr const char* kProgram = "storm-plugin-runner";

}  // namespace

std::filesystem::path runner_program(const std::filesystem::path& program_folder) {
  const std::filesystem::path beside = program_folder / kProgram;
  std::error_code unknown;
  if (std::filesystem::exists(beside, unknown)) return beside;
  const std::filesystem::path libexec = STORM_LIBEXECDIR;
  return (program_folder.parent_path() / libexec / "perfectstorm" / kProgram).lexically_normal();
}

PluginIsolator IsolatedPlugins::isolator() {
  return
      [self = shared_from_this()](const Manifest& manifest,
                                  HostServices& services) -> Result<std::shared_ptr<PluginCode>> {
        STORM_TRY(check_manifest(manifest, MappedInto::OwnProcess));
        IsolatedPlugin::Options options;
        options.program = self->options_.program;
        options.version = self->options_.version;
        options.manifest = manifest;
        options.services = &services;
        options.policy = self->policy_of(services.instance());
        options.patience = self->options_.patience;
        auto plugin = STORM_TRY(IsolatedPlugin::start(std::move(options)));
        return std::shared_ptr<PluginCode>(std::move(plugin));
      };
}

std::function<Result<void>(const Manifest&)> IsolatedPlugins::checker(
    PluginEnvironment environment) {
  return [self = shared_from_this(), environment = std::move(environment)](
             const Manifest& manifest) { return self->check(manifest, environment); };
}

Result<void> IsolatedPlugins::check(const Manifest& manifest,
                                    const PluginEnvironment& environment) const {
  STORM_TRY(check_manifest(manifest, MappedInto::OwnProcess));
  HostServices::Options described;
  described.instance = manifest.id;
  described.host_version = environment.version;
  described.clock = environment.clock;
  described.log = environment.log;
  HostServices services(std::move(described));
  IsolatedPlugin::Options options;
  options.program = options_.program;
  options.version = options_.version;
  options.manifest = manifest;
  options.services = &services;
  options.policy = std::make_shared<RestartPolicy>(options_.restarts);
  options.patience = options_.patience;
  STORM_TRY(IsolatedPlugin::start(std::move(options)));
  return {};
}

std::shared_ptr<RestartPolicy> IsolatedPlugins::policy_of(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<RestartPolicy>& policy = policies_[instance];
  if (!policy) policy = std::make_shared<RestartPolicy>(options_.restarts);
  return policy;
}

}  // namespace storm::runner
