#include "core/query/explain.hpp"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/query/condition.hpp"
#include "core/query/path.hpp"
#include "core/query/shown_value.hpp"

namespace storm {
namespace {

using Kind = Condition::Kind;

constexpr std::size_t kShownOperandMax = 100;
constexpr std::size_t kShownValuesMax = 8;  // that a path through arrays meets

std::string shown(const Value& value) { return shown_value(value, kShownOperandMax); }

// operation(test): what stands behind the path, and behind it when the test must not pass.
struct Words {
  std::string yes, no;
};

Words words_of(const EqualTest& test) {
  return {"== " + shown(test.value), "!= " + shown(test.value)};
}

Words words_of(const OrderTest& test) {
  const std::string sign = std::string(test.above ? ">" : "<") + (test.equal ? "=" : "");
  return {sign + " " + shown(test.value), ""};
}

Words words_of(const InTest& test) {
  std::string list = shown(Value(test.values));
  if (!test.programs.empty()) {
    list += " or " + std::to_string(test.programs.size()) + " patterns";
  }
  return {"in " + list, "not in " + list};
}

Words words_of(const PrefixTest& test) {
  Value list = Value::array();
  for (const std::string& prefix : test.prefixes) list.push_back(prefix);
  return {"starts with one of " + shown(list), ""};
}

Words words_of(const ExistsTest&) { return {"exists", "is missing"}; }

Words words_of(const SizeTest& test) {
  const std::string count = std::to_string(test.size);
  return {"has " + count + " elements", "has not " + count + " elements"};
}

Words words_of(const ModTest& test) {
  const std::string text = "% " + std::to_string(test.divisor);
  const std::string rest = std::to_string(test.remainder);
  return {text + " == " + rest, text + " != " + rest};
}

// The others keep how they were written.
template <typename T>
Words words_of(const T&) {
  return {};
}

// The leaf as a sentence; `wanted` false: that it must not hold.
std::string describe(const Condition& leaf, bool wanted) {
  const std::string path = leaf.path ? leaf.path->text() : std::string();
  const auto of_path = [&](const std::string& words) {
    return path.empty() ? words : path + " " + words;
  };
  Words words = leaf.source.empty()
                    ? std::visit([](const auto& test) { return words_of(test); }, leaf.test)
                    : Words{leaf.source, ""};
  if (wanted) return of_path(words.yes);
  return words.no.empty() ? "not " + of_path(words.yes) : of_path(words.no);
}

const DocumentView* relative_of(const Condition& leaf, const DocumentView& document) {
  const auto* test = std::get_if<RelationTest>(&leaf.test);
  return test ? document.related(test->relation) : nullptr;
}

// What the leaf met.
std::string actual_value(const Condition& leaf, const DocumentView& document) {
  if (const auto* test = std::get_if<GroupTest>(&leaf.test)) {
    return document.in_group(test->group) ? "a member" : "no member";
  }
  if (const auto* test = std::get_if<RelationTest>(&leaf.test)) {
    if (!document.related(test->relation)) return "no " + std::string(name_of(test->relation));
    return "";
  }
  if (!leaf.path) return "";
  std::size_t met = 0;
  std::string text;
  walk_path<PathEnd::Whole>(document, *leaf.path, [&](const Value* value) {
    if (met > 0) text += ", ";
    text += value ? shown_value(*value, kExplainedValueMax) : "missing";
    return ++met == kShownValuesMax || text.size() > kExplainedValueMax;
  });
  return met == 0 ? "missing" : shown_text(text, kExplainedValueMax);
}

std::vector<const Condition*> as_written(const Condition& condition) {
  std::vector<const Condition*> children;
  for (const Condition& child : condition.children) children.push_back(&child);
  std::sort(children.begin(), children.end(),
            [](const Condition* a, const Condition* b) { return a->written < b->written; });
  return children;
}

class Explainer {
 public:
  ExplainedCondition explain(const Condition& condition, const DocumentView& document) {
    ++explained_;
    ExplainedCondition out;
    out.holds = matches(condition, document);
    const bool is_not = condition.kind == Kind::Not;
    const Condition& inner = is_not ? condition.children.front() : condition;
    switch (inner.kind) {
      case Kind::True:
      case Kind::False:
        out.condition = (inner.kind == Kind::True) != is_not ? "always" : "never";
        return out;
      case Kind::Leaf:
        return leaf(inner, !is_not, document, std::move(out));
      case Kind::All:
        out.condition = is_not ? "not all of" : "all of";
        break;
      case Kind::Any:
        out.condition = is_not ? "none of" : "any of";
        break;
      case Kind::Not:
        out.condition = "not";
        break;
    }
    for (const Condition* child : as_written(inner)) add(*child, document, out);
    return out;
  }

 private:
  void add(const Condition& child, const DocumentView& document, ExplainedCondition& out) {
    if (explained_ >= kExplainedConditionsMax) {
      ++out.left_out;
    } else {
      out.children.push_back(explain(child, document));
    }
  }

  ExplainedCondition leaf(const Condition& leaf, bool wanted, const DocumentView& document,
                          ExplainedCondition out) {
    out.condition = describe(leaf, wanted);
    if (leaf.path) out.path = leaf.path->text();
    out.actual = actual_value(leaf, document);
    if (const DocumentView* relative = relative_of(leaf, document)) {
      add(*std::get<RelationTest>(leaf.test).condition, *relative, out);
    }
    return out;
  }

  std::size_t explained_ = 0;
};

// The fewest leaves that must turn out differently, and the first of them.
struct Miss {
  struct Leaf {
    const Condition* condition;
    bool wanted;
    const DocumentView* document;
  };
  std::size_t count = 0;
  std::vector<Leaf> leaves;
};

Miss miss(const Condition& condition, bool wanted, const DocumentView& document);

Miss sum_of(const Condition& condition, bool wanted, const DocumentView& document) {
  Miss sum;
  for (const Condition* child : as_written(condition)) {
    Miss part = miss(*child, wanted, document);
    if (part.count == Explanation::kNever) return part;
    sum.count += part.count;
    const std::size_t room = kNamedMissesMax - std::min(sum.leaves.size(), kNamedMissesMax);
    part.leaves.resize(std::min(part.leaves.size(), room), {});
    sum.leaves.insert(sum.leaves.end(), part.leaves.begin(), part.leaves.end());
  }
  return sum;
}

Miss least_of(const Condition& condition, bool wanted, const DocumentView& document) {
  Miss least{Explanation::kNever, {}};
  for (const Condition* child : as_written(condition)) {
    Miss part = miss(*child, wanted, document);
    if (part.count < least.count) least = std::move(part);
    if (least.count == 0) break;
  }
  return least;
}

Miss miss(const Condition& condition, bool wanted, const DocumentView& document) {
  switch (condition.kind) {
    case Kind::True:
    case Kind::False:
      return {(condition.kind == Kind::True) == wanted ? 0 : Explanation::kNever, {}};
    case Kind::All:
      return wanted ? sum_of(condition, true, document) : least_of(condition, false, document);
    case Kind::Any:
      return wanted ? least_of(condition, true, document) : sum_of(condition, false, document);
    case Kind::Not:
      return miss(condition.children.front(), !wanted, document);
    case Kind::Leaf:
      break;
  }
  if (matches(condition, document) == wanted) return {};
  const DocumentView* relative = relative_of(condition, document);
  if (relative && wanted) {
    return miss(*std::get<RelationTest>(condition.test).condition, true, *relative);
  }
  return {1, {{&condition, wanted, &document}}};
}

std::string sentence_of(const Miss& miss) {
  if (miss.count == 0) return "";
  if (miss.count == Explanation::kNever) return "no document matches this query";
  std::string text =
      miss.count == 1 ? "fails only " : "fails " + std::to_string(miss.count) + " conditions: ";
  bool first = true;
  for (const Miss::Leaf& leaf : miss.leaves) {
    if (!first) text += "; ";
    first = false;
    text += "`" + describe(*leaf.condition, leaf.wanted) + "`";
    const std::string actual = actual_value(*leaf.condition, *leaf.document);
    if (!actual.empty()) text += ", value " + actual;
  }
  if (miss.count > miss.leaves.size()) {
    text += "; and " + std::to_string(miss.count - miss.leaves.size()) + " more";
  }
  return text;
}

Value to_value(const ExplainedCondition& condition) {
  Value out = Value::object();
  out.add("condition", condition.condition);
  out.add("holds", condition.holds);
  if (!condition.path.empty()) out.add("path", condition.path);
  if (!condition.actual.empty()) out.add("actual", condition.actual);
  if (!condition.children.empty()) {
    Value children = Value::array();
    for (const ExplainedCondition& child : condition.children) children.push_back(to_value(child));
    out.add("children", std::move(children));
  }
  if (condition.left_out > 0) {
    out.add("left_out", static_cast<std::int64_t>(condition.left_out));
  }
  return out;
}

}  // namespace

Explanation explain(const Query& query, const DocumentView& document) {
  const Condition& condition = query.compiled().condition;
  Explanation explanation;
  explanation.root = Explainer().explain(condition, document);
  const Miss nearest = miss(condition, true, document);
  explanation.misses = nearest.count;
  explanation.nearest_miss = sentence_of(nearest);
  return explanation;
}

Value to_value(const Explanation& explanation) {
  Value out = Value::object();
  out.add("matches", explanation.misses == 0);
  if (explanation.misses > 0) out.add("nearest_miss", explanation.nearest_miss);
  out.add("conditions", to_value(explanation.root));
  return out;
}

}  // namespace storm
