#include "core/query/reads.hpp"

#include <set>
#include <utility>

#include "core/query/condition.hpp"
#include "core/query/expression.hpp"
#include "core/query/schema.hpp"

namespace storm {
namespace {

// Paths inside $elemMatch are joined to the array's; beyond this many bytes in all, the array
// stands for them.
constexpr std::size_t kJoinedPathsMax = 1024 * 1024;

class Reader {
 public:
  // `base` is the array's path when the condition is about its elements.
  void read(const Condition& condition, const std::string* base) {
    for (const Condition& child : condition.children) read(child, base);
    if (condition.kind != Condition::Kind::Leaf) return;
    if (!std::visit([&](const auto& test) { return read_whole(test); }, condition.test)) return;
    if (!base) fields_.insert(condition.path->steps().front().name);
    if (base && joined_ >= kJoinedPathsMax) return;
    std::string path = base ? *base : std::string();
    if (base && condition.path) path += '.';
    if (condition.path) path += condition.path->text();
    if (base) joined_ += path.size();
    if (const auto* element = std::get_if<ElementTest>(&condition.test)) {
      read_elements(*element->condition, std::move(path));
    } else {
      paths_.insert(std::move(path));
    }
  }

  Reads result() {
    Reads reads;
    reads.fields.assign(fields_.begin(), fields_.end());
    reads.groups.assign(groups_.begin(), groups_.end());
    reads.relations = relations_;
    reads.names = names_;
    for (const std::string& path : paths_) {
      if (!is_covered(path)) reads.paths.push_back(path);
    }
    return reads;
  }

 private:
  // About the whole document; true for tests that are not.
  bool read_whole(const ExpressionTest& test) {
    test.expression->collect_fields(fields_);
    test.expression->collect_paths(paths_);
    return false;
  }
  bool read_whole(const SchemaTest& test) {
    std::set<std::string> fields;
    test.schema->collect_fields(fields);
    names_ = names_ || test.schema->reads_names();
    fields_.insert(fields.begin(), fields.end());
    paths_.merge(fields);
    return false;
  }
  bool read_whole(const GroupTest& test) {
    groups_.insert(test.group);
    return false;
  }
  bool read_whole(const RelationTest& test) {
    const std::string field(name_of(test.relation));
    fields_.insert(field);
    paths_.insert(field);
    Reads inner = reads_of(*test.condition);
    relations_ = static_cast<std::uint8_t>(relations_ | inner.relations |
                                           static_cast<std::uint8_t>(test.relation));
    groups_.insert(inner.groups.begin(), inner.groups.end());
    return false;
  }
  template <typename T>
  bool read_whole(const T&) {
    return true;
  }

  void read_elements(const Condition& condition, std::string path) {
    std::set<std::string> outer;
    std::swap(paths_, outer);
    read(condition, &path);
    // No path: how many elements there are.
    if (paths_.empty() || joined_ >= kJoinedPathsMax) paths_ = {std::move(path)};
    paths_.merge(outer);
  }

  // By a path above it. Not always the one before it: "a.b-c" stands between "a.b" and "a.b.c".
  bool is_covered(const std::string& path) const {
    for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
      if (paths_.contains(path.substr(0, dot))) return true;
    }
    return false;
  }

  std::set<std::string> fields_;
  std::set<std::string> paths_;
  std::set<std::string> groups_;
  std::size_t joined_ = 0;  // bytes of paths inside $elemMatch
  std::uint8_t relations_ = 0;
  bool names_ = false;
};

}  // namespace

Reads reads_of(const Condition& condition) {
  Reader reader;
  reader.read(condition, nullptr);
  return reader.result();
}

}  // namespace storm
