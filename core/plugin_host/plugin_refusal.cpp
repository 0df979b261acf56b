#include "core/plugin_host/plugin_refusal.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace storm {

std::string_view name_of(Refusal refusal) {
  static constexpr std::string_view kNames[] = {
      "plugin.abi_major",          "plugin.abi_minor",        "plugin.kind_unknown",
      "plugin.interface_missing",  "plugin.runtime",          "plugin.file_missing",
      "plugin.file_type",          "plugin.file_too_large",   "plugin.file_owner",
      "plugin.file_writable",      "plugin.file_swapped",     "plugin.not_elf",
      "plugin.elf_class",          "plugin.elf_machine",      "plugin.elf_type",
      "plugin.elf_damaged",        "plugin.note_missing",     "plugin.note_invalid",
      "plugin.note_mismatch",      "plugin.exports",          "plugin.gnu_unique",
      "plugin.text_relocations",   "plugin.executable_stack", "plugin.load_failed",
      "plugin.generations",        "plugin.entry_missing",    "plugin.entry_borrowed",
      "plugin.entry_threw",        "plugin.refuses_host",     "plugin.descriptor_garbage",
      "plugin.descriptor_mismatch"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(kLastRefusal) + 1);
  return kNames[static_cast<std::size_t>(refusal)];
}

Error refuse(Refusal refusal, const std::filesystem::path& file, const std::string& message) {
  const Errc code = refusal == Refusal::FileMissing    ? Errc::NotFound
                    : refusal == Refusal::FileTooLarge ? Errc::TooLarge
                                                       : Errc::PluginFault;
  return Error{code, fmt::format("{}: {} [{}]", file.string(), message, name_of(refusal))};
}

}  // namespace storm
