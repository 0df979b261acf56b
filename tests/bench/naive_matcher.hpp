// The naive way to know which groups a resource belongs to: every group's conditions in turn, on
// the parsed document, patterns compiled ahead, stopping at the first that is false. A peer to be
// measured beside, and the judge of what our own answers should be. One thread at a time.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "core/document/value.hpp"

namespace storm::bench {

// A parsed document, its top-level fields at hand. Borrows from the parser that made it.
class NaiveDocument {
 public:
  static constexpr std::array<std::string_view, 8> kFields = {
      "type", "image", "status", "health", "parent", "host", "names", "snapshot"};

  explicit NaiveDocument(const simdjson::dom::object& document);
  const std::optional<simdjson::dom::element>& field(std::size_t index) const {
    return fields_[index];
  }
  const std::optional<std::string_view>& text(std::size_t index) const { return texts_[index]; }

 private:
  std::array<std::optional<simdjson::dom::element>, kFields.size()> fields_;
  std::array<std::optional<std::string_view>, kFields.size()> texts_;
};

class NaiveMatcher {
 public:
  enum class Order { AsWritten, ImageFirst };

  explicit NaiveMatcher(Order order);
  ~NaiveMatcher();
  NaiveMatcher(const NaiveMatcher&) = delete;
  NaiveMatcher& operator=(const NaiveMatcher&) = delete;

  // Ends the program on a query with something that the test data does not have.
  void add(const Value& query);
  std::size_t size() const;
  // Positions, as they were added, of the queries that the document fulfils.
  void match(const NaiveDocument& document, std::vector<std::uint32_t>& found) const;
  bool matches(std::size_t position, const NaiveDocument& document) const;

 private:
  struct Condition;
  struct Patterns;
  using All = std::vector<Condition>;

  All compile(const Value& query);
  bool holds(const Condition& condition, const NaiveDocument& document) const;
  bool holds_below(const Condition& condition, const NaiveDocument& document) const;
  bool any_matches(const Condition& condition,
                   const std::optional<simdjson::dom::element>& field) const;
  bool hold(const All& conditions, const NaiveDocument& document) const;

  const Order order_;
  const std::unique_ptr<Patterns> patterns_;
  std::vector<All> queries_;
};

}  // namespace storm::bench
