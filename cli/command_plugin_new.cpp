#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/nearest.hpp"
#include "cli/plugin_template.hpp"
#include "cli/program_folder.hpp"

namespace storm::cli {
namespace {

// "-DCMAKE_PREFIX_PATH=PREFIX " when the SDK beside this program is where CMake does not look.
std::string prefix_argument(const std::filesystem::path& prefix) {
  std::error_code absent;
  for (const char* const known : {"/usr", "/usr/local"}) {
    if (prefix == known) return {};
  }
  return std::filesystem::exists(prefix / "lib/cmake/PerfectStorm", absent)
             ? fmt::format("-DCMAKE_PREFIX_PATH={} ", prefix.string())
             : std::string();
}

std::string join_names(const std::vector<TemplateFile>& files) {
  std::string names;
  for (const TemplateFile& file : files) names += " " + file.path.string();
  return names;
}

}  // namespace

ExitCode plugin_new_command(Session& session, const PluginNewOptions& options) {
  if (const Result<void> name = check_plugin_name(options.name); !name) {
    return session.fail({ExitCode::Usage,
                         name.error().message,
                         0,
                         "",
                         {"hint: stormctl plugin new my_cloud --kind executor --lang c"}});
  }
  const std::filesystem::path prefix = program_folder().parent_path();
  const std::filesystem::path templates = prefix / "share/perfectstorm/templates";
  const std::vector<std::string> known = template_names(templates);
  if (known.empty()) {
    return session.fail({ExitCode::Failure,
                         fmt::format("there are no templates in {}", templates.string()),
                         0,
                         "",
                         {"hint: install the package perfectstorm-sdk"}});
  }
  const std::string wanted = options.kind + "-" + options.language;
  if (std::find(known.begin(), known.end(), wanted) == known.end()) {
    ErrorBlock block{ExitCode::Usage, fmt::format("there is no template for --kind {} --lang {}",
                                                  options.kind, options.language)};
    block.details.push_back(fmt::format("hint: KIND-LANG is one of {}", fmt::join(known, ", ")));
    return session.fail(block);
  }
  const Result<PluginTemplate> from = read_template(templates / wanted);
  if (!from) return session.fail({ExitCode::Failure, from.error().message});
  const std::vector<TemplateFile> files = named(*from, options.name);
  if (const Result<void> written = write_project(options.name, files); !written) {
    const bool taken = written.error().code == Errc::AlreadyExists;
    ErrorBlock block{taken ? ExitCode::Conflict : ExitCode::Failure, written.error().message};
    if (taken) block.details.emplace_back("hint: choose another name, or move it away");
    return session.fail(block);
  }
  session.print(fmt::format("wrote {}:{}\n", options.name, join_names(files)));
  session.print(fmt::format("next: cd {} && cmake -B build {}&& cmake --build build\n",
                            options.name, prefix_argument(prefix)));
  session.print(
      fmt::format("then name {}/build/plugins in plugins.paths of stormd's "
                  "configuration; README.md there tells more\n",
                  (std::filesystem::current_path() / options.name).string()));
  return ExitCode::Ok;
}

}  // namespace storm::cli
