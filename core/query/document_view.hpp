// A document as the query language sees it: top-level fields by name, made when they are asked for.
// Lets a resource be tested without building its whole JSON. Not shared by threads: a view may keep
// what it has made.
#pragma once
#include <string_view>

#include "core/document/value.hpp"

namespace storm {

class DocumentView {
 public:
  virtual ~DocumentView() = default;
  // The field's value, valid while the view lives; nullptr when there is no such field.
  virtual const Value* field(std::string_view name) const = 0;
};

// A view over a whole document that somebody else keeps.
class ValueView final : public DocumentView {
 public:
  explicit ValueView(const Value& document) : document_(document) {}
  const Value* field(std::string_view name) const override { return document_.find(name); }

 private:
  const Value& document_;
};

}  // namespace storm
