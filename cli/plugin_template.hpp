// PluginTemplate: the files of a plugin project, to be written under another name. The templates
// are the example plugins, installed with the SDK in folders called KIND-LANGUAGE; the word that
// stands for the plugin's name is that of the template's own project() in CMakeLists.txt. A value.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm::cli {

inline constexpr std::size_t kPluginNameMax = 40;
inline constexpr std::size_t kTemplateFilesMax = 100;
inline constexpr std::uintmax_t kTemplateFileBytesMax = std::uintmax_t{1} << 20;

struct TemplateFile {
  std::filesystem::path path;  // below the project's folder
  std::string text;
};

struct PluginTemplate {
  std::string word;  // what stands for the name
  std::vector<TemplateFile> files;
};

// A name becomes a part of a C symbol, of file names and of a package's name.
Result<void> check_plugin_name(std::string_view name);

// "executor-c", sorted; empty when there is no such folder.
std::vector<std::string> template_names(const std::filesystem::path& templates);

Result<PluginTemplate> read_template(const std::filesystem::path& folder);

// The files as they are called and read in a plugin of this name, sorted by path.
std::vector<TemplateFile> named(const PluginTemplate& from, std::string_view name);

// Makes the folder, which must not exist, and the files in it; all or nothing.
Result<void> write_project(const std::filesystem::path& folder,
                           const std::vector<TemplateFile>& files);

}  // namespace storm::cli
