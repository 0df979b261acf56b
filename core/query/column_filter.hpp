// ColumnFilter: a query answered over columns, 64 rows at a time: which rows match, and for which
// the document has to be asked. Made once for a search, then run over any rows. [any-thread when
// const]
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/query/column.hpp"
#include "core/query/query.hpp"

namespace storm {

class ColumnFilter {
 public:
  static constexpr std::size_t kBlockRows = 4096;
  static constexpr std::size_t kBlockWords = kBlockRows / 64;
  // Bit i % 64 of word i / 64 stands for row i of a block.
  struct Answer {
    std::uint64_t yes[kBlockWords];
    std::uint64_t maybe[kBlockWords];  // the document decides; never with `yes`
  };

  // Paths below `field` on which columns could answer conditions of the query; sorted, each once.
  static std::vector<std::string> paths(const Query& query, std::string_view field);

  // `known_fields` are those by which somebody has found Truth::Depends for each document that is
  // asked about. `column_of` gives the column of a path, or null. Query and columns outlive this.
  ColumnFilter(const Query& query, std::span<const std::string_view> known_fields,
               const std::function<const Column*(std::string_view path)>& column_of);
  ~ColumnFilter();

  // For rows from `first`, at most kBlockRows.
  void run(std::size_t first, std::size_t count, Answer& answer) const;

 private:
  struct Node;
  static void run(const Node& node, std::size_t first, std::size_t count, Answer& answer);

  std::unique_ptr<const Node> root_;
};

}  // namespace storm
