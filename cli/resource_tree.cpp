#include "cli/resource_tree.hpp"

#include <unordered_map>

#include "cli/display_text.hpp"
#include "cli/nouns.hpp"
#include "cli/resource_names.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kDepthMax = 64;  // deeper children are shown at this depth

std::string field(const Value& resource, std::string_view key) {
  const Value* value = resource.find(key);
  return value == nullptr ? std::string() : text_of(*value);
}

class Tree {
 public:
  Tree(const Value::Array& resources, bool utf8) : resources_(resources), utf8_(utf8) {
    for (std::size_t i = 0; i < resources.size(); ++i) index_.emplace(id_of(resources[i]), i);
    children_.resize(resources.size());
    shown_.resize(resources.size());
    for (std::size_t i = 0; i < resources.size(); ++i) {
      const std::size_t above = above_of(i);
      if (above == resources.size()) {
        roots_.push_back(i);
      } else {
        children_[above].push_back(i);
      }
    }
  }

  Table table() {
    Table table;
    table.columns = {{"RESOURCE", ColumnStyle::Flexible},
                     {"TYPE"},
                     {"STATUS", ColumnStyle::State},
                     {"HEALTH", ColumnStyle::State},
                     {"ID"}};
    for (const std::size_t root : roots_) add(table, root, "", "", 0);
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      if (!shown_[i]) add(table, i, "", "", 0);  // part of a circle
    }
    return table;
  }

 private:
  std::size_t above_of(std::size_t i) const {
    for (const std::string_view key : {"parent", "cluster"}) {
      const auto found = index_.find(field(resources_[i], key));
      if (found != index_.end() && found->second != i) return found->second;
    }
    return resources_.size();
  }

  void add(Table& table, std::size_t i, const std::string& lead, const std::string& below,
           std::size_t depth) {
    if (shown_[i]) return;
    shown_[i] = true;
    const Value& resource = resources_[i];
    table.rows.push_back({lead + cut_to(label_of(resource), kNamesWidthMax, "..."),
                          field(resource, "type"), field(resource, "status"),
                          field(resource, "health"), id_of(resource)});
    const bool indent = depth < kDepthMax;
    for (std::size_t n = 0; n < children_[i].size(); ++n) {
      const bool last = n + 1 == children_[i].size();
      const char* branch = utf8_ ? (last ? "╰─ " : "├─ ") : (last ? "`- " : "|- ");
      const char* line = last ? "   " : (utf8_ ? "│  " : "|  ");
      add(table, children_[i][n], below + branch, indent ? below + line : below, depth + 1);
    }
  }

  const Value::Array& resources_;
  const bool utf8_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> roots_;
  std::vector<bool> shown_;
};

}  // namespace

Table tree_of(const Value::Array& resources, bool utf8) { return Tree(resources, utf8).table(); }

}  // namespace storm::cli
