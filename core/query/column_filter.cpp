#include "core/query/column_filter.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <set>

#include "core/query/condition.hpp"

namespace storm {
namespace {

using Kind = Condition::Kind;
using Narrow = std::numeric_limits<std::int64_t>;

// Whole numbers up to here are doubles without loss.
constexpr std::int64_t kExactDouble = std::int64_t{1} << 53;

constexpr std::size_t index_of(Cell::Kind kind) { return static_cast<std::size_t>(kind); }

// Tests of which a scalar or nothing is all that they can see at the end of a path.
bool takes_cells(const Test& test) {
  return std::holds_alternative<EqualTest>(test) || std::holds_alternative<OrderTest>(test) ||
         std::holds_alternative<InTest>(test) || std::holds_alternative<PrefixTest>(test) ||
         std::holds_alternative<ExistsTest>(test) || std::holds_alternative<TypeTest>(test) ||
         std::holds_alternative<ModTest>(test) || std::holds_alternative<BitsTest>(test) ||
         std::holds_alternative<ProgramTest>(test);
}

void collect_paths(const Condition& condition, std::string_view field,
                   std::set<std::string>& paths) {
  for (const Condition& child : condition.children) collect_paths(child, field, paths);
  if (condition.kind != Kind::Leaf || !condition.path || !takes_cells(condition.test)) return;
  const auto& steps = condition.path->steps();
  if (steps.size() > 1 && steps.front().name == field) paths.insert(condition.path->text());
}

// Both bounds included; low above high: none.
struct Whole {
  std::int64_t low = 1, high = 0;
};
struct Real {
  double low = 1, high = 0;
  bool low_included = false, high_included = false;
};

const OrderTest* order_of(const Test& test, OrderTest& equal) {
  if (const auto* order = std::get_if<OrderTest>(&test)) return order;
  if (const auto* same = std::get_if<EqualTest>(&test)) {
    equal = {same->value, false, false, true};
    return &equal;
  }
  return nullptr;
}

// The integers that pass, where the operand is one too.
std::optional<Whole> whole_range(const OrderTest& test) {
  if (!test.value.is_int() || (test.above && test.below)) return std::nullopt;
  const std::int64_t value = test.value.as_int();
  if (!test.equal && value == (test.above ? Narrow::max() : Narrow::min())) return Whole{};
  Whole range{value, value};
  if (test.above) range = {test.equal ? value : value + 1, Narrow::max()};
  if (test.below) range = {Narrow::min(), test.equal ? value : value - 1};
  if (!test.above && !test.below && !test.equal) return Whole{};
  return range;
}

// The doubles that pass, where the operand is one without loss.
std::optional<Real> real_range(const OrderTest& test) {
  if (!test.value.is_number() || (test.above && test.below)) return std::nullopt;
  if (test.value.is_int() &&
      (test.value.as_int() > kExactDouble || test.value.as_int() < -kExactDouble)) {
    return std::nullopt;
  }
  const double value = test.value.as_double();
  if (value != value) return std::nullopt;
  Real range{value, value, test.equal, test.equal};
  if (test.above) range = {value, std::numeric_limits<double>::infinity(), test.equal, true};
  if (test.below) range = {-std::numeric_limits<double>::infinity(), value, true, test.equal};
  return range;
}

bool lies_in(const Real& range, double value) {
  return (range.low_included ? value >= range.low : value > range.low) &&
         (range.high_included ? value <= range.high : value < range.high);
}

}  // namespace

struct ColumnFilter::Node {
  // All, Any and Not as in a condition; Leaf: a column; True, False; else the document decides.
  enum class Kind : std::uint8_t { True, False, All, Any, Not, Leaf, Ask };
  Kind kind = Kind::Ask;
  std::vector<Node> children;

  // Leaf.
  const Column* column = nullptr;
  const Test* test = nullptr;
  std::array<bool, kCellKinds> passing{};  // for kinds that are one value
  std::optional<Whole> whole;
  std::optional<Real> real;
  std::vector<unsigned char> texts;  // by number

  void prepare() {
    const auto decide = [&](Cell::Kind of, const Value* value) {
      passing[index_of(of)] = passes(*test, value);
    };
    const Value null, no(false), yes(true);
    decide(Cell::Kind::Missing, nullptr);
    decide(Cell::Kind::Null, &null);
    decide(Cell::Kind::False, &no);
    decide(Cell::Kind::True, &yes);
    OrderTest equal;
    if (const OrderTest* order = order_of(*test, equal)) {
      whole = whole_range(*order);
      real = real_range(*order);
    }
    texts.reserve(column->texts().size());
    for (const Value& text : column->texts()) texts.push_back(passes(*test, &text) ? 1 : 0);
  }

  bool passes_cell(Cell::Kind of, std::uint64_t bits) const {
    switch (of) {
      case Cell::Kind::Int: {
        const auto value = static_cast<std::int64_t>(bits);
        if (whole) return value >= whole->low && value <= whole->high;
        const Value made(value);
        return passes(*test, &made);
      }
      case Cell::Kind::Double: {
        const auto value = std::bit_cast<double>(bits);
        if (real) return lies_in(*real, value);
        const Value made(value);
        return passes(*test, &made);
      }
      case Cell::Kind::Text:
        return texts[bits] != 0;
      default:
        return passing[index_of(of)];
    }
  }
};

std::vector<std::string> ColumnFilter::paths(const Query& query, std::string_view field) {
  std::set<std::string> paths;
  collect_paths(query.compiled().condition, field, paths);
  return {paths.begin(), paths.end()};
}

namespace {

template <typename Node>
Node make_node(const Condition& condition, std::span<const std::string_view> known_fields,
               const std::function<const Column*(std::string_view)>& column_of, bool top) {
  Node node;
  switch (condition.kind) {
    case Kind::True:
    case Kind::False:
      node.kind = condition.kind == Kind::True ? Node::Kind::True : Node::Kind::False;
      break;
    case Kind::All:
    case Kind::Any:
      node.kind = condition.kind == Kind::All ? Node::Kind::All : Node::Kind::Any;
      for (const Condition& child : condition.children) {
        // It does not decide, or the whole would not depend: true in an All, false in an Any.
        if (top && reads_only(child, known_fields)) continue;
        node.children.push_back(make_node<Node>(child, known_fields, column_of, false));
      }
      break;
    case Kind::Not:
      node.kind = Node::Kind::Not;
      node.children.push_back(
          make_node<Node>(condition.children.front(), known_fields, column_of, top));
      break;
    case Kind::Leaf: {
      const Column* column = condition.path && takes_cells(condition.test)
                                 ? column_of(condition.path->text())
                                 : nullptr;
      if (!column) break;
      node.kind = Node::Kind::Leaf;
      node.column = column;
      node.test = &condition.test;
      node.prepare();
      break;
    }
  }
  return node;
}

}  // namespace

ColumnFilter::ColumnFilter(const Query& query, std::span<const std::string_view> known_fields,
                           const std::function<const Column*(std::string_view path)>& column_of)
    : root_(std::make_unique<const Node>(
          make_node<Node>(query.compiled().condition, known_fields, column_of, true))) {}

ColumnFilter::~ColumnFilter() = default;

void ColumnFilter::run(std::size_t first, std::size_t count, Answer& answer) const {
  run(*root_, first, count, answer);
}

void ColumnFilter::run(const Node& node, std::size_t first, std::size_t count, Answer& answer) {
  const std::size_t words = (count + 63) / 64;
  const auto fill = [&](std::uint64_t yes, std::uint64_t maybe) {
    std::fill_n(answer.yes, words, yes);
    std::fill_n(answer.maybe, words, maybe);
  };
  constexpr std::uint64_t kEach = ~std::uint64_t{0};
  switch (node.kind) {
    case Node::Kind::True:
      return fill(kEach, 0);
    case Node::Kind::False:
      return fill(0, 0);
    case Node::Kind::Ask:
      return fill(0, kEach);
    case Node::Kind::Not:
      run(node.children.front(), first, count, answer);
      for (std::size_t i = 0; i < words; ++i) answer.yes[i] = ~(answer.yes[i] | answer.maybe[i]);
      return;
    case Node::Kind::All:
    case Node::Kind::Any: {
      const bool all = node.kind == Node::Kind::All;
      fill(all ? kEach : 0, 0);
      Answer part;
      for (const Node& child : node.children) {
        run(child, first, count, part);
        for (std::size_t i = 0; i < words; ++i) {
          const std::uint64_t can = answer.yes[i] | answer.maybe[i];
          const std::uint64_t part_can = part.yes[i] | part.maybe[i];
          answer.yes[i] = all ? answer.yes[i] & part.yes[i] : answer.yes[i] | part.yes[i];
          answer.maybe[i] = (all ? can & part_can : can | part_can) & ~answer.yes[i];
        }
      }
      return;
    }
    case Node::Kind::Leaf: {
      const Cell::Kind* kinds = node.column->kinds().data() + first;
      const std::uint64_t* bits = node.column->bits().data() + first;
      for (std::size_t word = 0; word < words; ++word) {
        const std::size_t end = std::min<std::size_t>(count - word * 64, 64);
        std::uint64_t yes = 0, maybe = 0;
        for (std::size_t i = 0; i < end; ++i, ++kinds, ++bits) {
          const bool passing = node.passes_cell(*kinds, *bits);
          yes |= std::uint64_t{passing} << i;
          maybe |= std::uint64_t{*kinds == Cell::Kind::Ask} << i;
        }
        answer.yes[word] = yes;
        answer.maybe[word] = maybe;
      }
      return;
    }
  }
}

}  // namespace storm
