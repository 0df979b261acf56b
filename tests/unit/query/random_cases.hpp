// Random documents and filters from a small world, so that they meet often: few names, few values,
// shallow nesting.
#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>

#include "core/document/value.hpp"

namespace storm::test {

class RandomCases {
 public:
  using Numbers = std::function<std::uint64_t()>;

  explicit RandomCases(std::uint64_t seed) : random_(std::mt19937_64(seed)) {}
  // From somebody else's numbers, a fuzzer's.
  explicit RandomCases(Numbers numbers) : random_(std::move(numbers)) {}

  Value document();
  Value filter(int depth = 3);
  // Of equality, lists, patterns and order: what access predicates are made of.
  Value narrow_filter(int depth = 2);

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool chance(std::size_t of) { return below(of) == 0; }
  Value scalar();
  Value value(int depth);
  std::string path();
  Value list_of_filters(int depth);
  Value operators(int depth);
  Value operand(const std::string& name, int depth);
  Value list(int depth, bool patterns);
  Value pattern();
  Value narrow_test(int depth);

  Numbers random_;
};

// From STORM_TEST_SEED when it is set, else a new one; printed, so that a failure can be repeated.
std::uint64_t test_seed();

}  // namespace storm::test
