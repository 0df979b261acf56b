// Prints the lock of the plugin ABI: abi_lock HEADER... > sdk/abi.lock
#include <fstream>
#include <iostream>
#include <iterator>

#include "abi_layout.hpp"

int main(int argc, char** argv) {
  std::vector<std::string> texts;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  const storm::abi::Layout layout = storm::abi::read_headers(texts);
  if (!layout.error.empty()) {
    std::cerr << layout.error << "\n";
    return 1;
  }
  std::cout << "# What released plugins rely on. Made by the target abi_lock; see VERSIONING.md.\n"
            << "# struct NAME SIZE, then a line for each member: offset size name thread type\n"
            << storm::abi::to_lock(layout);
  return 0;
}
