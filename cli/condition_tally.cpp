#include "cli/condition_tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/display_text.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kConditionWidthMax = 60;
constexpr std::size_t kValueWidthMax = 40;
constexpr std::string_view kGap = "   ";

}  // namespace

void ConditionTally::add(Node& node, const ExplainedCondition& condition) {
  if (node.condition.empty()) {
    node.condition = condition.condition;
    node.children.resize(condition.children.size());
    node.left_out = condition.left_out;
  }
  if (!condition.holds) {
    ++node.failed;
    if (!condition.actual.empty()) {
      if (node.values.size() < kTalliedValuesMax || node.values.contains(condition.actual)) {
        ++node.values[condition.actual];
      }
    }
  }
  for (std::size_t i = 0; i < node.children.size() && i < condition.children.size(); ++i) {
    add(node.children[i], condition.children[i]);
  }
}

void ConditionTally::add(Node& node, Node other) {
  if (node.condition.empty()) {
    node = std::move(other);
    return;
  }
  node.failed += other.failed;
  for (const auto& [value, count] : other.values) {
    if (node.values.size() < kTalliedValuesMax || node.values.contains(value)) {
      node.values[value] += count;
    }
  }
  for (std::size_t i = 0; i < node.children.size() && i < other.children.size(); ++i) {
    add(node.children[i], std::move(other.children[i]));
  }
}

void ConditionTally::add(const Explanation& explanation, std::size_t line) {
  ++documents_;
  add(root_, explanation.root);
  if (explanation.misses == 0 || explanation.misses >= misses_) return;
  misses_ = explanation.misses;
  line_ = line;
  nearest_miss_ = explanation.nearest_miss;
}

void ConditionTally::add(ConditionTally other) {
  documents_ += other.documents_;
  add(root_, std::move(other.root_));
  if (other.misses_ >= misses_) return;
  misses_ = other.misses_;
  line_ = other.line_;
  nearest_miss_ = std::move(other.nearest_miss_);
}

std::string ConditionTally::text(std::string_view name, bool utf8) const {
  struct Row {
    std::string condition;
    const Node* node;
  };
  std::vector<Row> rows;
  const auto collect = [&](const auto& self, const Node& node, const std::string& lead,
                           const std::string& below) -> void {
    rows.push_back({lead + cut_to(printable(node.condition), kConditionWidthMax, "..."), &node});
    for (const Node& child : node.children) {
      const bool last = &child == &node.children.back() && node.left_out == 0;
      const std::string corner = utf8 ? (last ? "╰─ " : "├─ ") : (last ? "`- " : "|- ");
      self(self, child, below + corner, below + (last ? "   " : (utf8 ? "│  " : "|  ")));
    }
    if (node.left_out > 0) {
      rows.push_back(
          {below + (utf8 ? "╰─ " : "`- ") + fmt::format("and {} more", node.left_out), nullptr});
    }
  };
  collect(collect, root_, "", "");
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, display_width(row.condition));
  std::string text = fmt::format("{} of {} match\n", documents_ - root_.failed, documents_);
  for (const auto& [condition, node] : rows) {
    text += condition;
    if (node != nullptr && documents_ > 0) {
      text.append(width - display_width(condition), ' ');
      text += fmt::format("{}{} failed", kGap, node->failed);
      std::vector<std::pair<std::string, std::size_t>> values(node->values.begin(),
                                                              node->values.end());
      std::stable_sort(values.begin(), values.end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; });
      for (std::size_t i = 0; i < values.size() && i < kShownTallyValues; ++i) {
        text += fmt::format("{}{} ({})", i == 0 ? kGap : ", ",
                            cut_to(printable(values[i].first), kValueWidthMax, "..."),
                            values[i].second);
      }
      if (values.size() > kShownTallyValues) text += ", ...";
    }
    text += '\n';
  }
  if (line_ > 0) {
    text += fmt::format("nearest miss: {}:{} {}\n", name, line_, printable(nearest_miss_));
  }
  return text;
}

}  // namespace storm::cli
