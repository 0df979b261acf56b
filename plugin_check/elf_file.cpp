#include "plugin_check/elf_file.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "storm/note.h"

namespace storm::plugin_check {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1024ULL * 1024 * 1024;

class Image {
 public:
  explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::string_view part(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return {};
    return std::string_view(bytes_).substr(offset, size);
  }

 private:
  const std::string bytes_;
};

std::string text_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest = table.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

template <typename T>
std::optional<T> item(std::string_view table, std::uint64_t index) {
  if (table.size() / sizeof(T) <= index) return std::nullopt;
  T value;
  std::memcpy(&value, table.data() + index * sizeof(T), sizeof value);
  return value;
}

void read_notes(std::string_view part, ElfFile& out) {
  const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  while (const auto header = item<Elf64_Nhdr>(part, 0)) {
    part.remove_prefix(sizeof *header);
    if (padded(header->n_namesz) > part.size()) return;
    const std::string_view owner = part.substr(0, header->n_namesz);
    part.remove_prefix(padded(header->n_namesz));
    if (header->n_descsz > part.size()) return;
    std::string_view text = part.substr(0, header->n_descsz);
    if (owner == std::string_view(STORM_NOTE_OWNER, sizeof STORM_NOTE_OWNER) &&
        header->n_type == STORM_NOTE_TYPE) {
      if (text.ends_with('\0')) text.remove_suffix(1);
      out.notes.emplace_back(text);
    }
    part.remove_prefix(std::min<std::uint64_t>(padded(header->n_descsz), part.size()));
  }
}

void read_dynamic(std::string_view table, std::string_view names, ElfFile& out) {
  for (std::uint64_t i = 0; const auto entry = item<Elf64_Dyn>(table, i); ++i) {
    const std::uint64_t value = entry->d_un.d_val;
    switch (entry->d_tag) {
      case DT_NULL:
        return;
      case DT_NEEDED:
        out.needed.push_back(text_at(names, value));
        break;
      case DT_RPATH:
      case DT_RUNPATH:
        out.search_paths.push_back(text_at(names, value));
        break;
      case DT_TEXTREL:
        out.text_relocations = true;
        break;
      case DT_BIND_NOW:
        out.now = true;
        break;
      case DT_FLAGS:
        out.text_relocations |= (value & DF_TEXTREL) != 0;
        out.now |= (value & DF_BIND_NOW) != 0;
        out.static_tls |= (value & DF_STATIC_TLS) != 0;
        break;
      case DT_FLAGS_1:
        out.now |= (value & DF_1_NOW) != 0;
        out.nodelete |= (value & DF_1_NODELETE) != 0;
        break;
      default:
        break;
    }
  }
}

void read_symbols(std::string_view table, std::string_view names, ElfFile& out) {
  for (std::uint64_t i = 1; const auto symbol = item<Elf64_Sym>(table, i); ++i) {
    const unsigned binding = ELF64_ST_BIND(symbol->st_info);
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    if (symbol->st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    if (visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
    out.exports.push_back({text_at(names, symbol->st_name),
                           ELF64_ST_TYPE(symbol->st_info) == STT_FUNC, binding == STB_GNU_UNIQUE});
  }
}

}  // namespace

Result<ElfFile> read_elf_file(const std::filesystem::path& file) {
  const auto broken = [&](std::string_view what) {
    return Error{Errc::PluginFault, fmt::format("{}: {}", file.string(), what)};
  };
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(file, failed);
  if (failed) return broken(failed.message());
  if (size > kFileBytesMax) return broken("this file is too large for a plugin");
  std::ifstream stream(file, std::ios::binary);
  const Image image({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
  const auto header = image.at<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
    return broken("this is not a 64-bit little-endian ELF file");
  }
  ElfFile out;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = image.at<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return broken("its program headers are cut off");
    if (segment->p_type == PT_GNU_STACK) {
      out.stack_told = true;
      out.executable_stack = (segment->p_flags & PF_X) != 0;
    }
    out.relro |= segment->p_type == PT_GNU_RELRO;
    if (segment->p_type == PT_NOTE) {
      read_notes(image.part(segment->p_offset, segment->p_filesz), out);
    }
  }
  bool dynamic = false;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = image.at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) return broken("its section headers are cut off");
    if (section->sh_type != SHT_DYNAMIC && section->sh_type != SHT_DYNSYM) continue;
    const auto linked =
        image.at<Elf64_Shdr>(header->e_shoff + section->sh_link * sizeof(Elf64_Shdr));
    if (!linked) return broken("its section headers are cut off");
    const std::string_view table = image.part(section->sh_offset, section->sh_size);
    const std::string_view names = image.part(linked->sh_offset, linked->sh_size);
    if (section->sh_type == SHT_DYNAMIC) {
      dynamic = true;
      read_dynamic(table, names, out);
    } else {
      read_symbols(table, names, out);
    }
  }
  if (!dynamic) return broken("it has no section of dynamic linking; was it stripped of it?");
  return out;
}

}  // namespace storm::plugin_check
