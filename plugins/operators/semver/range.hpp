// Range: which versions are meant, in the language of npm: ">=9.6 <11", "^1.2", "~1.4.2", "1.x",
// "1.2 - 2.3", alternatives by "||". A value. [any-thread when const]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "version.hpp"

namespace storm::semver {

inline constexpr std::size_t kComparisonsMax = 200;  // of one range
inline constexpr std::size_t kRangeBytesMax = 4096;

class Range {
 public:
  // Throws a Fault of STORM_E_INVALID that says what is wrong.
  static Range parse(std::string_view text);

  // A pre-release is in a range only where a comparison beside it names a pre-release of the same
  // numbers: ">=1.2" does not mean 2.0-rc1, ">=2.0-alpha" does.
  bool contains(const Version& version) const;

 private:
  enum class Order { Less, LessEqual, Equal, Greater, GreaterEqual };
  struct Comparison {
    Order order = Order::Equal;
    Version version;
  };
  using All = std::vector<Comparison>;

  class Parser;
  static bool holds(const Comparison& comparison, const Version& version);

  std::vector<All> alternatives_;
};

}  // namespace storm::semver
