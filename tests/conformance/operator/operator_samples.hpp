// What the suite needs to know of an operator plugin: one file per plugin defines
// operator_samples().
#pragma once
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace storm::conformance {

using Random = std::mt19937_64;

// One operator as it stands in a query, its argument and modifiers as JSON.
struct OperatorUse {
  std::string op;
  std::string argument;
  std::string modifiers = "{}";
};

struct OperatorExample {
  OperatorUse use;
  std::string text;
  bool matches = false;
};

struct OperatorSamples {
  std::vector<OperatorExample> examples;
  std::vector<OperatorUse> garbage;         // each has to be refused
  std::vector<OperatorUse> hostile_uses;    // refused, or compiled and matched with each of the
  std::vector<std::string> hostile_texts;   // texts in bounded time
  std::function<OperatorUse(Random&)> use;  // at random; may be refused
  std::function<std::string(Random&)> text;
  bool exact_hints = true;  // some hints need no match beside them
};

OperatorSamples operator_samples();

}  // namespace storm::conformance
