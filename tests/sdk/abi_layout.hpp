// The layout of the plugin ABI as its headers' text says it: structs, their members with offset,
// size, type and thread tag, constants, function types. Reads text, so that a test can bend it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace storm::abi {

struct Member {
  std::string name;
  std::string type;    // in one spelling: "const storm_str*"
  std::string thread;  // of a function: "work"; empty: not said
  std::size_t offset = 0;
  std::size_t size = 0;

  friend bool operator==(const Member&, const Member&) = default;
};

struct Struct {
  std::string name;
  std::vector<Member> members;
  std::size_t size = 0;
  // Starts with its own size, so that it may grow at the tail.
  bool may_grow() const { return !members.empty() && members.front().name == "size"; }
};

struct Constant {
  std::string name;
  std::string value;
};

struct Layout {
  std::vector<Struct> structs;
  std::vector<Constant> constants;  // also typedefs: their value is the type
  std::string error;                // what could not be read; empty when all is well
};

// Reads headers in the order in which they depend on each other.
Layout read_headers(const std::vector<std::string>& texts);

std::string to_lock(const Layout& layout);
Layout read_lock(std::string_view text);

// What of `locked` is not kept by `now`, one line each. Empty: every old plugin still fits.
std::vector<std::string> broken_promises(const Layout& locked, const Layout& now);

}  // namespace storm::abi
