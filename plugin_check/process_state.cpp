#include "plugin_check/process_state.hpp"

#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace storm::plugin_check {
namespace {

// Numbers that are names in a folder of /proc; its own descriptor is left out.
std::set<int> numbers_in(const char* path) {
  std::set<int> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path), &::closedir);
  if (!folder) return out;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') out.insert(std::atoi(entry->d_name));
  }
  out.erase(::dirfd(folder.get()));
  return out;
}

// Without the two that the C library takes for itself when the first thread is made.
std::string signals(const std::string& hex) {
  constexpr std::uint64_t kOfLibrary = std::uint64_t{3} << 31U;  // 32 and 33
  return std::to_string(std::strtoull(hex.c_str(), nullptr, 16) & ~kOfLibrary);
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState state;
  state.threads = numbers_in("/proc/self/task");
  for (const int number : numbers_in("/proc/self/fd")) {
    std::error_code failed;
    const auto target =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number), failed);
    if (!failed) state.descriptors.emplace(number, target.string());
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const std::size_t colon = line.find(":\t");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    if (key == "SigCgt") state.caught_signals = signals(value);
    if (key == "SigIgn") state.ignored_signals = signals(value);
    if (key == "Umask") state.umask = value;
  }
  state.locale = std::setlocale(LC_ALL, nullptr);
  std::error_code failed;
  state.folder = std::filesystem::current_path(failed).string();
  for (char** variable = environ; variable && *variable; ++variable) {
    state.environment.emplace_back(*variable);
  }
  std::ranges::sort(state.environment);
  return state;
}

std::size_t allocated_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace storm::plugin_check
