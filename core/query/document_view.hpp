// A document as the query language sees it: top-level fields by name, made when they are asked for.
// Lets a resource be tested without building its whole JSON. Not shared by threads: a view may keep
// what it has made.
#pragma once
#include <functional>
#include <string_view>

#include "core/document/value.hpp"
#include "core/query/relation.hpp"

namespace storm {

class DocumentView {
 public:
  using VisitName = std::function<void(std::string_view)>;

  virtual ~DocumentView() = default;
  // The field's value, valid while the view lives; nullptr when there is no such field.
  virtual const Value* field(std::string_view name) const = 0;
  // Calls visit for each top-level field that there is. Only $jsonSchema asks, when it counts
  // fields or has something to say about those it does not name.
  virtual void each_name(const VisitName&) const {}
  // The document that this one refers to, valid while the view lives; nullptr: there is none.
  virtual const DocumentView* related(Relation) const { return nullptr; }
  // Whether the document is a member of the group of this name or id.
  virtual bool in_group(std::string_view) const { return false; }
};

// A view over a whole document that somebody else keeps.
class ValueView final : public DocumentView {
 public:
  explicit ValueView(const Value& document) : document_(document) {}
  const Value* field(std::string_view name) const override { return document_.find(name); }
  void each_name(const VisitName& visit) const override {
    if (!document_.is_object()) return;
    for (const Value::Member& member : document_.as_object()) visit(member.first);
  }

 private:
  const Value& document_;
};

}  // namespace storm
