#include "core/plugin_host/elf_image.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/plugin_host/plugin_refusal.hpp"
#include "storm/note.h"

namespace storm {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kMachine = EM_PPC64;
#else
#error "plugins are supported on 64-bit little-endian machines: add this one to elf_image.cpp"
#endif

constexpr std::size_t kNotesMax = 64;        // in one segment
constexpr std::size_t kExportsMax = 65'536;  // more are not looked at, and are too many anyway
constexpr std::size_t kNameBytesMax = 4096;

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_S390:
      return "s390";
    default:
      return fmt::format("machine {}", machine);
  }
}

class ElfReader {
 public:
  ElfReader(std::string_view bytes, const std::filesystem::path& file)
      : bytes_(bytes), file_(file) {}

  Result<ElfImage> read() {
    STORM_TRY(read_header());
    for (std::size_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = STORM_TRY((item<Elf64_Phdr>(header_.e_phoff, i, "a program header")));
      if (segment.p_type == PT_GNU_STACK) image_.executable_stack = (segment.p_flags & PF_X) != 0;
      if (segment.p_type == PT_NOTE) STORM_TRY(read_notes(segment));
      if (segment.p_type == PT_LOAD) {
        STORM_TRY(part(segment.p_offset, segment.p_filesz, "a segment"));
      }
    }
    for (std::size_t i = 0; i < header_.e_shnum; ++i) {
      const auto section = STORM_TRY((item<Elf64_Shdr>(header_.e_shoff, i, "a section header")));
      if (section.sh_type == SHT_DYNSYM) STORM_TRY(read_symbols(section));
      if (section.sh_type == SHT_DYNAMIC) STORM_TRY(read_dynamic(section));
    }
    return std::move(image_);
  }

 private:
  Error wrong(Refusal refusal, const std::string& what) const {
    return refuse(refusal, file_,
                  fmt::format("{}; install the plugin for {}", what, machine_name(kMachine)));
  }
  Error damaged(std::string_view what) const {
    return wrong(Refusal::ElfDamaged,
                 fmt::format("this shared object is damaged or cut off: it has {} bytes, and {} "
                             "lies beyond them",
                             bytes_.size(), what));
  }

  Result<std::string_view> part(std::uint64_t offset, std::uint64_t size,
                                std::string_view what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return damaged(what);
    return bytes_.substr(offset, size);
  }
  // Element i of a table of the file.
  template <typename T>
  Result<T> item(std::uint64_t table, std::size_t i, std::string_view what) const {
    if (table > bytes_.size()) return damaged(what);
    const std::string_view raw = STORM_TRY(part(table + i * sizeof(T), sizeof(T), what));
    T out;
    std::memcpy(&out, raw.data(), sizeof out);
    return out;
  }

  Result<void> read_header() {
    if (bytes_.size() < EI_NIDENT || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
      return wrong(Refusal::NotElf, "this is not an ELF shared object");
    }
    if (bytes_[EI_CLASS] != ELFCLASS64 || bytes_[EI_DATA] != ELFDATA2LSB) {
      return wrong(Refusal::ElfClass, "this is not a 64-bit little-endian shared object");
    }
    header_ = STORM_TRY((item<Elf64_Ehdr>(0, 0, "its header")));
    if (header_.e_machine != kMachine) {
      return wrong(Refusal::ElfMachine,
                   fmt::format("this was built for {}", machine_name(header_.e_machine)));
    }
    if (header_.e_type != ET_DYN) {
      return wrong(Refusal::ElfType, "this ELF file is not a shared object");
    }
    if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 ||
        header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum == 0) {
      return wrong(Refusal::ElfDamaged,
                   "this shared object is damaged: it has no tables of segments and sections");
    }
    return {};
  }

  Result<void> read_notes(const Elf64_Phdr& segment) {
    std::string_view rest = STORM_TRY(part(segment.p_offset, segment.p_filesz, "a note"));
    const std::uint64_t align = segment.p_align == 8 ? 8 : 4;
    for (std::size_t count = 0; count < kNotesMax && rest.size() >= sizeof(Elf64_Nhdr); ++count) {
      Elf64_Nhdr note;
      std::memcpy(&note, rest.data(), sizeof note);
      const auto padded = [align](std::uint64_t n) { return (n + align - 1) / align * align; };
      const std::uint64_t text_at = padded(sizeof note + std::uint64_t{note.n_namesz});
      if (text_at > rest.size() || note.n_descsz > rest.size() - text_at) {
        return damaged("the text of a note");
      }
      const std::string_view owner = rest.substr(sizeof note, note.n_namesz);
      take_note(owner.substr(0, owner.find('\0')), note.n_type,
                rest.substr(text_at, note.n_descsz));
      rest.remove_prefix(std::min<std::uint64_t>(padded(text_at + note.n_descsz), rest.size()));
    }
    return {};
  }
  void take_note(std::string_view owner, std::uint32_t type, std::string_view text) {
    if (owner == STORM_NOTE_OWNER && type == STORM_NOTE_TYPE) {
      if (text.ends_with('\0')) text.remove_suffix(1);
      image_.notes.emplace_back(text.substr(0, STORM_NOTE_BYTES_MAX + 1));
    }
    if (owner == ELF_NOTE_GNU && type == NT_GNU_BUILD_ID) {
      image_.build_id.clear();
      for (const char c : text.substr(0, 64)) {
        image_.build_id += fmt::format("{:02x}", static_cast<unsigned char>(c));
      }
    }
  }

  Result<std::string_view> strings_of(const Elf64_Shdr& section) const {
    if (section.sh_link >= header_.e_shnum) return damaged("a table of names");
    const auto strings =
        STORM_TRY((item<Elf64_Shdr>(header_.e_shoff, section.sh_link, "a section header")));
    return part(strings.sh_offset, strings.sh_size, "a table of names");
  }
  static std::string name_at(std::string_view strings, std::uint64_t at) {
    if (at >= strings.size()) return "?";
    const std::string_view rest = strings.substr(at, kNameBytesMax);
    return std::string(rest.substr(0, rest.find('\0')));
  }

  Result<void> read_symbols(const Elf64_Shdr& section) {
    const std::string_view table =
        STORM_TRY(part(section.sh_offset, section.sh_size, "its table of symbols"));
    const std::string_view strings = STORM_TRY(strings_of(section));
    const std::size_t count = std::min(table.size() / sizeof(Elf64_Sym), kExportsMax);
    for (std::size_t i = 1; i < count; ++i) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, table.data() + i * sizeof symbol, sizeof symbol);
      const unsigned binding = ELF64_ST_BIND(symbol.st_info);
      const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL || visibility == STV_HIDDEN ||
          visibility == STV_INTERNAL) {
        continue;
      }
      if (binding == STB_GNU_UNIQUE) image_.gnu_unique = true;
      image_.exports.push_back(name_at(strings, symbol.st_name));
    }
    return {};
  }

  Result<void> read_dynamic(const Elf64_Shdr& section) {
    const std::string_view table =
        STORM_TRY(part(section.sh_offset, section.sh_size, "its dynamic section"));
    const std::string_view strings = STORM_TRY(strings_of(section));
    for (std::size_t i = 0; i < table.size() / sizeof(Elf64_Dyn); ++i) {
      Elf64_Dyn entry;
      std::memcpy(&entry, table.data() + i * sizeof entry, sizeof entry);
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_TEXTREL) image_.text_relocations = true;
      if (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0) {
        image_.text_relocations = true;
      }
      if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
        image_.asks_for_origin |=
            name_at(strings, entry.d_un.d_val).find("ORIGIN") != std::string::npos;
      }
    }
    return {};
  }

  const std::string_view bytes_;
  const std::filesystem::path& file_;
  Elf64_Ehdr header_{};
  ElfImage image_;
};

}  // namespace

Result<ElfImage> read_elf(std::string_view bytes, const std::filesystem::path& file) {
  return ElfReader(bytes, file).read();
}

}  // namespace storm
