// What a process has and is set to, as far as a plugin could change it. A value.
#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace storm::plugin_check {

struct ProcessState {
  std::set<int> threads;
  std::map<int, std::string> descriptors;  // number -> what it is
  std::string caught_signals;
  std::string ignored_signals;
  std::string locale;
  std::string umask;
  std::string folder;
  std::vector<std::string> environment;

  static ProcessState now();
};

// Bytes that are allocated and not freed.
std::size_t allocated_bytes();

}  // namespace storm::plugin_check
