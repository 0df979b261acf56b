// Why a plugin is not taken, as a word that stays the same: it ends the text of the error in
// brackets, and sdk/docs/loading.md has a line for each.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace storm {

enum class Refusal {
  AbiMajor,            // made for another major of the ABI
  AbiMinor,            // needs a newer minor than ours
  KindUnknown,         // its kind is none that we know
  InterfaceMissing,    // it does not provide what its kind needs
  Runtime,             // brings a runtime that cannot be in this process
  FileMissing,         // a file that is named is not there
  FileType,            // it is no regular file
  FileTooLarge,        //
  FileOwner,           // it, or a folder above, belongs to somebody else
  FileWritable,        // it, or a folder above, can be changed by others
  FileSwapped,         // a part of its path became another while it was opened
  NotElf,              //
  ElfClass,            // not 64-bit little-endian
  ElfMachine,          // made for another machine
  ElfType,             // no shared object
  ElfDamaged,          // cut off, or it speaks of bytes that it does not have
  NoteMissing,         //
  NoteInvalid,         // there are two, or it cannot be read
  NoteMismatch,        // the note says something else than the manifest
  Exports,             // exports more than its entry
  GnuUnique,           // shares state with other plugins
  TextRelocations,     //
  ExecutableStack,     //
  LoadFailed,          // the dynamic linker says why
  Generations,         // too many builds of it are mapped
  EntryMissing,        //
  EntryBorrowed,       // the entry is that of a library it depends on
  EntryThrew,          //
  RefusesHost,         // the plugin itself does not want this stormd
  DescriptorGarbage,   //
  DescriptorMismatch,  // the descriptor says something else than the manifest
};
inline constexpr Refusal kLastRefusal = Refusal::DescriptorMismatch;

// "plugin.note_mismatch"
std::string_view name_of(Refusal refusal);

// "FILE: MESSAGE [plugin.note_mismatch]"
Error refuse(Refusal refusal, const std::filesystem::path& file, const std::string& message);

}  // namespace storm
