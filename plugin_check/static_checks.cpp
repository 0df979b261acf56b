#include "plugin_check/static_checks.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "core/plugin_host/plugin_loader.hpp"
#include "plugin_check/elf_file.hpp"
#include "storm/note.h"

namespace storm::plugin_check {
namespace {

constexpr std::size_t kShownMax = 5;

// The file, or nothing when that was said.
std::optional<ElfFile> elf_of(CheckContext& context) {
  Result<ElfFile> file = read_elf_file(context.library);
  if (file) return std::move(*file);
  context.error(file.error().message);
  return std::nullopt;
}

// Go's linker exports what it likes; such a plugin is alone in its process.
bool is_go(CheckContext& context) {
  if (!context.owns_process()) return false;
  context.skip("a plugin with the runtime go is alone in its process");
  return true;
}

std::string shown(const std::vector<std::string>& names) {
  const std::size_t count = std::min(names.size(), kShownMax);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + count, ", "));
  if (names.size() > count) text += fmt::format(" and {} more", names.size() - count);
  return text;
}

std::string plain_name(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return text ? text.get() : name;
}

std::map<std::string, std::string> lines_of(const std::string& note) {
  std::map<std::string, std::string> out;
  std::istringstream lines(note);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equal = line.find('=');
    if (equal != std::string::npos) out.emplace(line.substr(0, equal), line.substr(equal + 1));
  }
  return out;
}

std::string sorted_words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  std::ranges::sort(words);
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

void check_static_manifest(CheckContext& context) {
  Result<Manifest> read = read_manifest(context.manifest_file);
  if (!read) {
    context.error(read.error().message);
    return;
  }
  Manifest& manifest = *read;
  std::error_code failed;
  if (!std::filesystem::equivalent(manifest.library, context.library, failed)) {
    context.error(fmt::format("{} names the library {}, not {}; correct its key library",
                              context.manifest_file.string(), manifest.library.string(),
                              context.library.string()));
  }
  if (manifest.entry != "storm_entry_" + manifest.name) {
    context.error(fmt::format("entry is {}, and the one function of {} is storm_entry_{}",
                              manifest.entry, manifest.id, manifest.name));
  }
  if (manifest.summary.empty()) {
    context.warning("summary is missing: one line that says what the plugin is for");
  }
  manifest.library = context.library;
  const Result<void> fits = check_manifest(
      manifest, manifest.runtime == "go" ? MappedInto::OwnProcess : MappedInto::Daemon);
  if (!fits) context.error(fits.error().message);
}

void check_static_note(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file) return;
  if (file->notes.size() != 1) {
    context.error(
        fmt::format("it has {} notes of the owner {} in {}, not one; make it with "
                    "storm_add_plugin() or STORM_NOTE(...)",
                    file->notes.size(), STORM_NOTE_OWNER, STORM_NOTE_SECTION));
    return;
  }
  const std::string& text = file->notes.front();
  if (text.size() > STORM_NOTE_BYTES_MAX) {
    context.error(fmt::format("its note has {} bytes, at most {} are read", text.size(),
                              STORM_NOTE_BYTES_MAX));
  }
  const auto note = lines_of(text);
  const Manifest& manifest = context.manifest();
  const std::pair<std::string_view, std::string> expected[] = {
      {"abi", fmt::format("{}.{}", manifest.abi_major, manifest.abi_built)},
      {"min", fmt::format("{}.{}", manifest.abi_major, manifest.abi_min)},
      {"id", manifest.id},
      {"version", manifest.version},
      {"runtime", manifest.runtime},
      {"provides", sorted_words(fmt::format("{}", fmt::join(manifest.provides, " ")))},
      {"needs", sorted_words(fmt::format("{}", fmt::join(manifest.needs, " ")))},
  };
  for (const auto& [key, value] : expected) {
    const auto found = note.find(std::string(key));
    if (found == note.end()) {
      context.error(fmt::format("its note does not say {}", key));
    } else if (const bool list = key == "provides" || key == "needs";
               (list ? sorted_words(found->second) : found->second) != value) {
      context.error(fmt::format("its note says {}={}, its manifest {}; make both from one place",
                                key, found->second, value));
    }
  }
}

void check_static_exports(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file || is_go(context)) return;
  const std::string& entry = context.manifest().entry;
  std::vector<std::string> others;
  bool found = false;
  for (const ElfSymbol& symbol : file->exports) {
    if (symbol.name == entry && symbol.function) {
      found = true;
    } else if (!symbol.name.starts_with("storm_entry_")) {
      others.push_back(symbol.name);
    }
  }
  if (!found) context.error("it does not export the function " + entry + " itself");
  if (!others.empty()) {
    context.error("it exports more than its entry: " + shown(others) +
                  "; hide them by the linker's version script of storm_add_plugin()");
  }
}

void check_static_names(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file || is_go(context)) return;
  std::vector<std::string> names;
  for (const ElfSymbol& symbol : file->exports) {
    if (symbol.name.starts_with("_Z")) names.push_back(plain_name(symbol.name));
  }
  if (!names.empty()) {
    context.error("names with C++ types can be bound to from outside: " + shown(names) +
                  "; hide them by the linker's version script of storm_add_plugin()");
  }
}

void check_static_unique(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file) return;
  std::vector<std::string> names;
  for (const ElfSymbol& symbol : file->exports) {
    if (symbol.unique) names.push_back(plain_name(symbol.name));
  }
  if (!names.empty()) {
    context.error("all plugins of a process would share " + shown(names) +
                  "; build it with -fno-gnu-unique and the linker's version script");
  }
}

void check_static_relocations(CheckContext& context) {
  const auto file = elf_of(context);
  if (file && file->text_relocations) {
    context.error("its code is written to when it is mapped (TEXTREL); build all of it with -fPIC");
  }
}

void check_static_stack(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file || (file->stack_told && !file->executable_stack)) return;
  context.error(
      "mapping it makes the stacks of the process executable; link it with -z noexecstack");
}

void check_static_search_path(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file) return;
  for (const std::string& paths : file->search_paths) {
    std::istringstream stream(paths);
    for (std::string path; std::getline(stream, path, ':');) {
      const bool beside = path.starts_with("$ORIGIN") || path.starts_with("${ORIGIN}");
      if (beside && path.find("..") == std::string::npos) continue;
      context.error(
          fmt::format("it looks for libraries in \"{}\" (RPATH or RUNPATH), which is not "
                      "its own folder; link it without, or with $ORIGIN",
                      path));
    }
  }
}

void check_static_flags(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file) return;
  std::vector<std::string> missing;
  if (!file->now) missing.emplace_back("now");
  if (!file->relro) missing.emplace_back("relro");
  if (!file->nodelete) missing.emplace_back("nodelete");
  if (!missing.empty()) {
    context.warning(fmt::format("it is not linked with -z {}; use storm_add_plugin(), which is",
                                fmt::join(missing, ", -z ")));
  }
}

void check_static_tls(CheckContext& context) {
  const auto file = elf_of(context);
  if (file && file->static_tls && !is_go(context)) {
    context.warning(
        "its thread-local variables take from a small room that all libraries share (STATIC_TLS); "
        "build it without -ftls-model=initial-exec");
  }
}

void check_static_needed(CheckContext& context) {
  const auto file = elf_of(context);
  if (!file) return;
  // The dynamic linker of this very program, which lists without running anything.
  std::string linker;
  {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(self)),
                            std::istreambuf_iterator<char>());
    Elf64_Ehdr header{};
    if (bytes.size() > sizeof header) bytes.copy(reinterpret_cast<char*>(&header), sizeof header);
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment{};
      const std::size_t at = header.e_phoff + i * sizeof segment;
      if (at + sizeof segment > bytes.size()) break;
      bytes.copy(reinterpret_cast<char*>(&segment), sizeof segment, at);
      if (segment.p_type == PT_INTERP && segment.p_offset < bytes.size()) {
        linker = bytes.c_str() + segment.p_offset;
      }
    }
  }
  if (linker.empty()) {
    context.skip("this program has no dynamic linker that could be asked");
    return;
  }
  std::string quoted;
  for (const char c : context.library.string()) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      ::popen((linker + " --list '" + quoted + "' 2>&1").c_str(), "re"), &::pclose);
  if (!pipe) {
    context.skip("the dynamic linker cannot be run");
    return;
  }
  char line[4096];
  while (std::fgets(line, sizeof line, pipe.get())) {
    const std::string_view text(line);
    const std::size_t missing = text.find(" => not found");
    if (missing == std::string_view::npos) continue;
    const std::size_t first = text.find_first_not_of(" \t");
    context.error(
        fmt::format("the library {} is not on this machine; install it, declare it in the "
                    "package, or link it in",
                    text.substr(first, missing - first)));
  }
}

}  // namespace storm::plugin_check
