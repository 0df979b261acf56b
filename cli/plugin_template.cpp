#include "cli/plugin_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace storm::cli {
namespace {

constexpr std::string_view kProject = "project(";
constexpr std::string_view kWordCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_";

std::string replaced(std::string text, std::string_view word, std::string_view name) {
  std::size_t at = 0;
  while ((at = text.find(word, at)) != std::string::npos) {
    text.replace(at, word.size(), name);
    at += name.size();
  }
  return text;
}

Error io_error(const std::filesystem::path& path, const std::string& what) {
  return Error{Errc::Io, fmt::format("{}: {}", path.string(), what)};
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed) return io_error(path, failed.message());
  if (size > kTemplateFileBytesMax) return io_error(path, "is too large for a template");
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream) return io_error(path, "cannot be read");
  return text;
}

Result<void> write_text(const std::filesystem::path& path, const std::string& text) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) return io_error(path.parent_path(), failed.message());
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return io_error(path, "cannot be written");
  return {};
}

}  // namespace

Result<void> check_plugin_name(std::string_view name) {
  const bool starts_well = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  if (starts_well && name.size() <= kPluginNameMax && name.back() != '_' &&
      name.find("__") == std::string_view::npos &&
      name.find_first_not_of(kWordCharacters) == std::string_view::npos) {
    return {};
  }
  return Error{
      Errc::InvalidArgument,
      fmt::format("\"{}\" cannot be the name of a plugin: lower-case letters, digits and single "
                  "underscores, a letter first, no underscore last, at most {} characters",
                  name, kPluginNameMax)};
}

std::vector<std::string> template_names(const std::filesystem::path& templates) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(templates, absent)) {
    if (entry.is_directory(absent)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<PluginTemplate> read_template(const std::filesystem::path& folder) {
  PluginTemplate found;
  std::error_code failed;
  std::filesystem::recursive_directory_iterator at(folder, failed);
  for (; !failed && at != std::filesystem::recursive_directory_iterator(); at.increment(failed)) {
    if (!at->is_regular_file()) continue;
    if (found.files.size() == kTemplateFilesMax) {
      return io_error(folder, "has too many files for a template");
    }
    std::string text = STORM_TRY(read_text(at->path()));
    found.files.push_back({at->path().lexically_relative(folder), std::move(text)});
  }
  if (failed) return io_error(folder, failed.message());
  const auto build = std::find_if(found.files.begin(), found.files.end(),
                                  [](const auto& file) { return file.path == "CMakeLists.txt"; });
  const std::size_t project =
      build == found.files.end() ? std::string::npos : build->text.find(kProject);
  if (project != std::string::npos) {
    const std::size_t word = project + kProject.size();
    found.word =
        build->text.substr(word, build->text.find_first_not_of(kWordCharacters, word) - word);
  }
  if (found.word.empty()) return io_error(folder, "has no CMakeLists.txt with a project()");
  return found;
}

std::vector<TemplateFile> named(const PluginTemplate& from, std::string_view name) {
  std::vector<TemplateFile> files;
  for (const TemplateFile& file : from.files) {
    files.push_back(
        {replaced(file.path.string(), from.word, name), replaced(file.text, from.word, name)});
  }
  std::sort(files.begin(), files.end(),
            [](const TemplateFile& a, const TemplateFile& b) { return a.path < b.path; });
  return files;
}

Result<void> write_project(const std::filesystem::path& folder,
                           const std::vector<TemplateFile>& files) {
  std::error_code failed;
  const bool made = std::filesystem::create_directory(folder, failed);
  if (failed) return io_error(folder, failed.message());
  if (!made) {
    return Error{Errc::AlreadyExists, fmt::format("{} is there already", folder.string())};
  }
  for (const TemplateFile& file : files) {
    if (const Result<void> written = write_text(folder / file.path, file.text); !written) {
      std::filesystem::remove_all(folder, failed);
      return written.error();
    }
  }
  return {};
}

}  // namespace storm::cli
