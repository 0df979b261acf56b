// ExactSum: a sum of integers and doubles that forgets nothing: what was added can be taken away
// again, and in whatever order the sum comes out the same. A value; small as long as the numbers
// are of one kind.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace storm {

class ExactSum {
 public:
  // `times` may be negative: takes away what was added. What is no number or infinite adds nothing.
  void add(std::int64_t number, std::int64_t times = 1);
  void add(double number, std::int64_t times = 1);

  // When only integers make it up (2.0 is one), and it fits.
  std::optional<std::int64_t> integer() const;
  double number() const;

  friend bool operator==(const ExactSum&, const ExactSum&) = default;

 private:
  __extension__ using Wide = __int128;
  // amount * 2^(32 * scale). A double has 53 bits, so one shifted by less than 32 leaves room for
  // 2^42 of them.
  struct Part {
    int scale = 0;
    Wide amount = 0;
    friend bool operator==(const Part&, const Part&) = default;
  };
  void add_part(int scale, Wide amount);

  std::vector<Part> parts_;  // by scale; none is 0
};

}  // namespace storm
