// What the bytes of a shared object say, read without mapping it: is it for this machine, its note
// (storm/note.h), what it exports. Every length and offset in it is doubted. Values.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace storm {

struct ElfImage {
  std::vector<std::string> notes;    // texts of all notes of ours, without the NUL at the end
  std::string build_id;              // of the linker, in hex; empty: it has none
  std::vector<std::string> exports;  // names that others can bind to
  bool gnu_unique = false;           // one of them is shared by all who have it
  bool text_relocations = false;
  bool executable_stack = false;
  bool asks_for_origin = false;  // looks for libraries beside its own file
};

// `file` names it in errors, which are Refusals.
Result<ElfImage> read_elf(std::string_view bytes, const std::filesystem::path& file);

}  // namespace storm
