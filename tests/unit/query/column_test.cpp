#include "core/query/column.hpp"

#include <limits>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/column_filter.hpp"

using namespace storm;

namespace {

constexpr std::string_view kValues[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "1",
                                        "-1",
                                        "2",
                                        "1.0",
                                        "1.5",
                                        "-0.0",
                                        "1e300",
                                        "\"\"",
                                        "\"a\"",
                                        "\"ab\"",
                                        "9007199254740992",
                                        "[1]",
                                        "{}",
                                        R"({"x":1})",
                                        "[]",
                                        "9007199254740993",
                                        "9007199254740992.0",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "9223372036854775808",
                                        "-9223372036854775809"};
constexpr std::string_view kTests[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
constexpr std::string_view kOthers[] = {
    R"({"$exists":true})",      R"({"$exists":false})", R"({"$in":[1,"a",null]})",
    R"({"$type":"int"})",       R"({"$type":"long"})",  R"({"$type":"double"})",
    R"({"$mod":[2,1]})",        R"({"$bitsAllSet":1})", R"({"$not":{"$gt":0}})",
    R"({"$gt":0,"$lt":2})",     R"({"$nin":[1,"a"]})",  R"({"$size":1})",
    R"({"$elemMatch":{"x":1}})"};

Value json(std::string_view text) {
  auto value = parse_json(text);
  REQUIRE(value);
  return std::move(*value);
}

// Documents with each of the values, and those in which there is none.
std::vector<Value> documents() {
  std::vector<Value> all;
  for (const std::string_view value : kValues) {
    all.push_back(json(R"({"s":{"a":)" + std::string(value) + "}}"));
    all.push_back(json(R"({"s":[{"a":)" + std::string(value) + "}]}"));
    all.push_back(json(R"({"s":)" + std::string(value) + "}"));
  }
  all.push_back(json("{}"));
  return all;
}

std::size_t check(const std::vector<Value>& all, const Column& column, const std::string& filter) {
  INFO(filter);
  const auto query = Query::parse(json(filter), OperatorSet());
  REQUIRE(query);
  const ColumnFilter columns(
      *query, {}, [&](std::string_view path) { return path == "s.a" ? &column : nullptr; });
  ColumnFilter::Answer answer;
  columns.run(0, all.size(), answer);
  std::size_t decided = 0;
  for (std::size_t row = 0; row < all.size(); ++row) {
    const bool yes = (answer.yes[row / 64] >> row % 64 & 1U) != 0;
    const bool maybe = (answer.maybe[row / 64] >> row % 64 & 1U) != 0;
    INFO(to_json(all[row]));
    REQUIRE_FALSE((yes && maybe));
    if (maybe) continue;
    ++decided;
    REQUIRE(query->matches(ValueView(all[row])) == yes);
  }
  return decided;
}

}  // namespace

TEST_CASE("column: tests of cells agree with those of documents", "[query]") {
  const std::vector<Value> all = documents();
  const Path path("s.a");
  Column column(all.size(), 1'000'000);
  std::size_t scalars = 0;
  static const Value kNothing;
  for (std::size_t row = 0; row < all.size(); ++row) {
    const Value* root = all[row].find("s");
    const Cell cell = Cell::at(path, root ? *root : kNothing);
    if (cell.kind != Cell::Kind::Ask) ++scalars;
    column.set(row, {&cell, 1});
    CHECK(column.cell(row).kind == cell.kind);
  }
  CHECK(column.asking() == all.size() - scalars);
  for (const std::string_view test : kTests) {
    for (const std::string_view value : kValues) {
      const std::string filter =
          R"({"s.a":{")" + std::string(test) + "\":" + std::string(value) + "}}";
      CHECK(check(all, column, filter) >= scalars);
    }
  }
  for (const std::string_view test : kOthers) {
    const std::string leaf = R"({"s.a":)" + std::string(test) + "}";
    check(all, column, leaf);
    check(all, column, R"({"$or":[)" + leaf + R"(,{"s.a":1},{"other":1}]})");
    check(all, column, R"({"$nor":[)" + leaf + R"(,{"other":1}]})");
    check(all, column, R"({"$and":[)" + leaf + R"(,{"s.a":{"$ne":2}},{"other":null}]})");
  }
}

TEST_CASE("column: texts beyond its bytes, and long ones, are left to the document", "[query]") {
  Column column(4, 150);
  const auto text = [](std::string of) { return Cell{Cell::Kind::Text, 0, std::move(of)}; };
  const Cell cells[] = {text("one"), text("another"), text("one"), {Cell::Kind::Int, 7, {}}};
  column.set(0, cells);
  CHECK(column.cell(0).text == "one");
  CHECK(column.cell(1).kind == Cell::Kind::Ask);
  CHECK(column.cell(2).text == "one");
  CHECK(column.cell(3).value() == Value(7));
  CHECK(Cell::at(Path("s"), Value(std::string(kColumnTextMax, 'x'))).kind == Cell::Kind::Text);
  CHECK(Cell::at(Path("s"), Value(std::string(kColumnTextMax + 1, 'x'))).kind == Cell::Kind::Ask);
}

TEST_CASE("column: cells carried from another column are the same", "[query]") {
  Column from(3, 10'000), to(3, 10'000);
  const Cell cells[] = {
      {Cell::Kind::Text, 0, "a"}, {Cell::Kind::Int, 5, {}}, {Cell::Kind::Text, 0, "b"}};
  from.set(0, cells);
  const Cell first[] = {{Cell::Kind::Text, 0, "b"}};
  to.set(0, first);
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> rows = {{1, 2}, {2, 0}};
  to.carry(from, rows);
  CHECK(to.cell(0).text == "b");
  CHECK(to.cell(1).text == "b");
  CHECK(to.cell(2).text == "a");
  CHECK(to.texts().size() == 2);
}

TEST_CASE("column: a query names the paths that columns could answer", "[query]") {
  const auto paths = [](std::string_view filter) {
    return ColumnFilter::paths(*Query::parse(json(filter), OperatorSet()), "s");
  };
  CHECK(paths(R"({"s.b":1,"$or":[{"s.a.c":{"$gt":1}},{"t.x":1}],"s":{}})") ==
        std::vector<std::string>{"s.a.c", "s.b"});
  CHECK(paths(R"({"s.a":{"$elemMatch":{"x":1}}})").empty());
}
