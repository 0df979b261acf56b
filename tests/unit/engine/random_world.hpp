// An engine whose resources, lists and names change at random, for oracles of what it keeps: few
// things in few states, so that they meet often.
#pragma once
#include <functional>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine_fixture.hpp"

namespace storm::test {

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed);

  std::size_t one_of(std::size_t count) { return random_() % count; }
  std::string pick(std::initializer_list<const char*> words) {
    return words.begin()[one_of(words.size())];
  }
  std::string number(std::size_t below) { return std::to_string(one_of(below)); }

  // Makes or replaces what has that name; the refusal, if it is refused.
  std::optional<Error> put(EntityKind kind, const std::string& name, const std::string& body);
  void remove(EntityKind kind, const std::string& name);  // if there is one
  // Includes or excludes two resources, if there is such a group.
  void change_members(const std::string& group);
  void rename_agent();
  // Some resources come, change and go. `shape` completes each that comes or changes.
  void discover(const std::function<void(DiscoveredResource&)>& shape);

  EngineFixture fixture;

 private:
  std::mt19937 random_;
  std::vector<Id> agents_;
};

// Calls run for each seed and for a new one; with STORM_SEED=N for N alone. A failure names it.
void for_seeds(std::vector<unsigned> seeds, const std::function<void(unsigned)>& run);

}  // namespace storm::test
