// The order of documents that MongoDB's `find` takes as `sort`: {"status": 1, "names": -1}. Of an
// array, the least element counts upwards and the greatest downwards. A value, [any-thread when
// const].
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/document_view.hpp"
#include "core/query/path.hpp"

namespace storm {

inline constexpr std::size_t kSortFieldsMax = 32;

class Sort {
 public:
  // What of a document counts, one for each field: nothing for an empty array, which is below null;
  // null for a missing field too.
  using Key = std::vector<std::optional<Value>>;

  Sort() = default;  // no order: all documents are equal
  // The error carries Problems whose pointers name the offending field.
  static Result<Sort> parse(const Value& specification);
  // "status,-names": as people write it in a command or an address.
  static Result<Sort> parse_words(std::string_view words);

  bool empty() const { return fields_.empty(); }
  // Top-level fields that it reads, sorted, each once.
  std::vector<std::string> fields() const;

  Key key(const DocumentView& document) const;
  // Below, equal or above zero.
  int compare(const Key& a, const Key& b) const;
  int compare(const DocumentView& a, const DocumentView& b) const;  // does not allocate

 private:
  struct Field {
    Path path;
    bool down = false;
  };
  Result<void> add(std::string_view path, bool down);

  std::vector<Field> fields_;
};

}  // namespace storm
