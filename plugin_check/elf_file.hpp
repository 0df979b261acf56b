// What the file of a shared object says of itself, beyond what a host asks. Read, never mapped;
// every offset and length in it is doubted. A value.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace storm::plugin_check {

struct ElfSymbol {
  std::string name;
  bool function = false;
  bool unique = false;  // STB_GNU_UNIQUE
};

struct ElfFile {
  std::vector<std::string> notes;  // texts of all notes of ours, without the NUL at the end
  std::vector<ElfSymbol> exports;
  std::vector<std::string> needed;
  std::vector<std::string> search_paths;  // RPATH and RUNPATH
  bool text_relocations = false;
  bool stack_told = false;
  bool executable_stack = false;
  bool relro = false;
  bool now = false;
  bool nodelete = false;
  bool static_tls = false;
};

Result<ElfFile> read_elf_file(const std::filesystem::path& file);

}  // namespace storm::plugin_check
