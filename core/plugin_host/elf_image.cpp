#include "core/plugin_host/elf_image.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

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

Error refuse(const std::filesystem::path& file, const std::string& what) {
  return Error{Errc::PluginFault, fmt::format("{}: {}; install the plugin for {}", file.string(),
                                              what, machine_name(kMachine))};
}

}  // namespace

Result<void> check_shared_object(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed)) {
    return Error{Errc::NotFound,
                 fmt::format("{}: there is no such file, though its manifest names it; reinstall "
                             "the plugin",
                             file.string())};
  }
  std::ifstream stream(file, std::ios::binary);
  Elf64_Ehdr header{};
  char bytes[sizeof header] = {};
  stream.read(bytes, sizeof bytes);
  const auto count = static_cast<std::size_t>(stream.gcount());
  if (count < EI_NIDENT || std::memcmp(bytes, ELFMAG, SELFMAG) != 0) {
    return refuse(file, "this is not an ELF shared object");
  }
  if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
    return refuse(file, "this is not a 64-bit little-endian shared object");
  }
  if (count < sizeof header) return refuse(file, "this shared object is cut off");
  std::memcpy(&header, bytes, sizeof header);
  if (header.e_machine != kMachine) {
    return refuse(file, fmt::format("this was built for {}", machine_name(header.e_machine)));
  }
  if (header.e_type != ET_DYN) return refuse(file, "this ELF file is not a shared object");
  return {};
}

}  // namespace storm
