// A generator whose numbers are the same everywhere: splitmix64. Good enough for a make-believe
// cloud, not for secrets.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace simulated {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // From 0 to bound - 1. Requires: bound > 0.
  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(next() % bound); }

  std::string text(std::size_t length, std::string_view alphabet) {
    std::string out;
    out.reserve(length);
    for (std::size_t i = 0; i < length; ++i) out.push_back(alphabet[below(alphabet.size())]);
    return out;
  }
  // As Docker's: 25 characters for what Swarm names, 64 hexadecimal digits for containers.
  std::string swarm_id() { return text(25, "0123456789abcdefghijklmnopqrstuvwxyz"); }
  std::string hex(std::size_t length) { return text(length, "0123456789abcdef"); }

 private:
  std::uint64_t state_;
};

}  // namespace simulated
