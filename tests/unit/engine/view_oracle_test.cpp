// Views kept live against an oracle: after each of many random changes every view's value is
// compared with one that is made from whole documents, without anything that the engine keeps.
// STORM_SEED=N runs one more seed.
#include <map>
#include <set>

#include "core/query/value_order.hpp"
#include "random_world.hpp"

using namespace storm;
using namespace storm::test;

namespace {

std::vector<std::string> steps_of(const std::string& path) {
  std::vector<std::string> steps(1);
  for (const char c : path) {
    if (c == '.') {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  return steps;
}

// All that stands at a path; of an array, its elements.
void collect(const Value& value, const std::vector<std::string>& steps, std::size_t next,
             std::vector<Value>& found) {
  if (next == steps.size()) {
    if (value.is_array()) {
      for (const Value& element : value.as_array()) found.push_back(element);
    } else {
      found.push_back(value);
    }
  } else if (value.is_object()) {
    if (const Value* inner = value.find(steps[next])) collect(*inner, steps, next + 1, found);
  } else if (value.is_array()) {
    for (const Value& element : value.as_array()) {
      const Value* inner = element.find(steps[next]);
      if (inner) collect(*inner, steps, next + 1, found);
    }
  }
}

struct Below {
  bool operator()(const Value& a, const Value& b) const { return compare_values(a, b) < 0; }
};

struct Pile {
  std::int64_t count = 0;
  std::vector<Value> numbers;
};

Value measured(const View& view, const Pile& pile) {
  if (!is_of_numbers(view.measure)) return pile.count;
  if (pile.numbers.empty()) return view.measure == Measure::Sum ? Value(0) : Value();
  // All numbers of this test are quarters: doubles of this size hold any sum of them.
  double sum = 0;
  Value least = pile.numbers.front(), greatest = least;
  for (const Value& number : pile.numbers) {
    sum += number.as_double();
    if (number.as_double() < least.as_double()) least = number;
    if (number.as_double() > greatest.as_double()) greatest = number;
  }
  switch (view.measure) {
    case Measure::Sum:
      return sum;
    case Measure::Avg:
      return sum / static_cast<double>(pile.numbers.size());
    case Measure::Min:
      return least;
    default:
      return greatest;
  }
}

Value naive_value(const State& state, const OperatorSet& operators, const View& view) {
  std::map<Value, Pile, Below> piles;
  for (const auto& [uuid, resource] : state.resources) {
    if (view.group) {
      if (!is_member(state, *state.groups.get(view.group->uuid), *resource)) continue;
    } else if (!view.query.as_object().empty()) {
      if (!Query::parse(view.query, operators)->matches(*query_view(state, resource->id))) continue;
    }
    Value document = to_value_without_snapshot(*resource);
    document.add("snapshot", resource->snapshot ? json(resource->snapshot.text()) : Value());
    std::vector<Value> numbers;
    if (!view.path.empty()) collect(document, steps_of(view.path), 0, numbers);
    std::erase_if(numbers, [](const Value& value) { return !value.is_number(); });
    std::set<Value, Below> keys = {view.by.empty() ? Value() : Value(Value::Array{})};
    for (const std::string& by : view.by) {
      std::vector<Value> values;
      collect(document, steps_of(by), 0, values);
      if (values.empty()) values.emplace_back();
      for (Value& value : values) {
        if (value.is_object()) value = to_json(value);  // a key by its text
      }
      std::set<Value, Below> longer;
      for (const Value& key : keys) {
        for (const Value& value : values) {
          Value::Array both = key.as_array();
          both.push_back(value);
          longer.insert(Value(std::move(both)));
        }
      }
      keys = std::move(longer);
    }
    for (const Value& key : keys) {
      Pile& pile = piles[view.by.size() == 1 ? key.as_array()[0] : key];
      ++pile.count;
      pile.numbers.insert(pile.numbers.end(), numbers.begin(), numbers.end());
    }
  }
  if (view.by.empty()) return measured(view, piles[Value()]);
  std::vector<std::pair<Value, Pile>> entries(piles.begin(), piles.end());
  if (view.measure == Measure::Top) {
    std::ranges::stable_sort(
        entries, [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  }
  const auto limit =
      static_cast<std::size_t>(view.limit.value_or(view.measure == Measure::Top ? 10 : 10'000));
  if (entries.size() > limit) entries.resize(limit);
  Value::Array list;
  for (const auto& [key, pile] : entries) {
    list.emplace_back(
        Value::Object{{"key", key}, {"value", measured(view, pile)}, {"count", pile.count}});
  }
  return list;
}

class Oracle : public RandomWorld {
 public:
  using RandomWorld::RandomWorld;

  void run(int steps) {
    for (int i = 0; i < 6; ++i) put_group();
    for (int step = 0; step < steps; ++step) {
      INFO("step " << step);
      switch (one_of(12)) {
        case 0:
        case 8:
          put_group();
          break;
        case 1:
          change_members("g" + number(6));
          break;
        case 2:
        case 3:
          put_view();
          break;
        case 4:
          if (one_of(3) == 0) remove(EntityKind::Group, "g" + number(6));
          break;
        case 5:
          if (one_of(3) == 0) remove(EntityKind::View, "v" + number(20));
          break;
        case 6:
          if (one_of(3) == 0) fixture.restart();
          break;
        case 7:
          rename_agent();
          break;
        default:
          discover();
      }
      check();
    }
    CHECK(views_seen_ > 0);
  }

 private:
  void put_checked(EntityKind kind, const std::string& name, const std::string& body) {
    const auto error = put(kind, name, body);
    // A group that asks for itself or for none; a change of a view that makes no whole.
    if (error) REQUIRE(error->code == Errc::InvalidArgument);
  }
  void put_group() {
    const std::string name = "g" + number(6);
    const std::string query =
        pick({R"({"status":"running"})", R"({"snapshot.n":{"$gt":2}})", R"({"type":"swarm-task"})",
              R"({"$group":"g1"})", R"({"$parent":{"status":"running"}})", R"({"host":"name-3"})",
              R"({"owner":"prod"})", R"({"$nor":[{"$group":"g2"}]})", "{}"});
    put_checked(EntityKind::Group, name, R"({"name":")" + name + R"(","query":)" + query + "}");
  }
  void put_view() {
    const std::string name = "v" + number(20);
    std::string body = R"({"name":")" + name + R"(")";
    switch (one_of(4)) {
      case 0:
      case 1:
        body += R"(,"group":"g)" + number(6) + R"(","query":{})";
        break;
      case 2:
        body += R"(,"group":null,"query":)" +
                pick({R"({"status":"running"})", R"({"snapshot.n":{"$lt":5}})", R"({"names":"3"})",
                      R"({"owner":"prod"})", R"({"owner":"other","snapshot.list":1})",
                      R"({"image":"redis:7","health":{"$ne":"healthy"}})"});
        break;
      default:
        break;
    }
    const std::string measure = pick({"count", "sum", "avg", "min", "max", "top"});
    const bool of_numbers = measure != "count" && measure != "top";
    body += R"(,"measure":")" + measure + R"(","path":)" +
            (of_numbers ? pick({R"("snapshot.n")", R"("snapshot.list")", R"("snapshot.items.n")",
                                R"("revision")", R"("snapshot.no")"})
                        : "null");
    const std::string by =
        pick({"null", R"("status")", R"("image")", R"(["type","status"])", R"("snapshot.list")",
              R"(["owner","snapshot.items.n"])", R"("names")", R"("snapshot.s")"});
    body += R"(,"by":)" + (measure == "top" && by == "null" ? R"("stale")" : by);
    if (measure == "top" && one_of(2) == 0) body += R"(,"limit":3)";
    put_checked(EntityKind::View, name, body + "}");
  }
  std::string quarter() { return pick({"1", "2.5", "-3", "0.25", "7.0", "4", "\"5\"", "null"}); }
  void discover() {
    RandomWorld::discover([this](DiscoveredResource& item) {
      item.status = static_cast<Status>(one_of(4));
      if (one_of(8) == 0) return;
      item.snapshot = PackedText::raw(R"({"n":)" + quarter() + R"(,"list":[)" + quarter() + "," +
                                      quarter() + R"(],"items":[{"n":)" + quarter() +
                                      R"(},{"m":1},{"n":[)" + quarter() + R"(,2]}],"s":)" +
                                      pick({R"("a")", R"("b")", "[]", "{\"o\":1}", "true"}) + "}");
    });
  }

  void check() {
    const Snapshot state = fixture.engine->snapshot();
    for (const auto& [uuid, live] : state->views) {
      ++views_seen_;
      const Value whole = state->value_of(live.view->id);
      INFO("view " << to_json(whole));
      const Value expected = naive_value(*state, fixture.engine->operators(), *live.view);
      REQUIRE(*whole.find("value") == expected);
    }
  }

  std::size_t views_seen_ = 0;
};

}  // namespace

TEST_CASE("views: values equal those of a naive look at everything after random changes",
          "[engine]") {
  for_seeds({21, 22, 23}, [](unsigned seed) { Oracle(seed).run(60); });
}
