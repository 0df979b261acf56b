#include "core/query/query_case.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/document/json.hpp"
#include "core/query/projection.hpp"
#include "core/query/query.hpp"
#include "core/query/sort.hpp"

namespace storm {
namespace {

struct Answer {
  std::string error;  // the filter, the order or the projection was refused
  Value ids = Value::array();
  Value ordered = Value::array();
  Value projected = Value::array();
};

Answer answer(const Value& one, const Value::Array& documents, const OperatorSet& operators) {
  Answer answer;
  const auto refused = [&](const Error& error) {
    answer.error = error.message.empty() ? "refused" : error.message;
    return answer;
  };
  const auto query = Query::parse(*one.find("query"), operators, OddKeys::Fields);
  if (!query) return refused(query.error());
  Sort sort;
  if (const Value* specification = one.find("sort")) {
    auto parsed = Sort::parse(*specification);
    if (!parsed) return refused(parsed.error());
    sort = *std::move(parsed);
  }
  Projection projection;
  if (const Value* specification = one.find("projection")) {
    auto parsed = Projection::parse(*specification);
    if (!parsed) return refused(parsed.error());
    projection = *std::move(parsed);
  }
  std::vector<const Value*> found;
  for (const Value& document : documents) {
    if (query->matches(ValueView(document))) found.push_back(&document);
  }
  for (const Value* document : found) {
    answer.ids.push_back(*document->find("_id"));
    answer.projected.push_back(projection.apply(*document));
  }
  std::stable_sort(found.begin(), found.end(), [&](const Value* a, const Value* b) {
    return sort.compare(ValueView(*a), ValueView(*b)) < 0;
  });
  for (const Value* document : found) answer.ordered.push_back(*document->find("_id"));
  return answer;
}

std::string compare(std::string_view what, const Value* expected, const Value& got, bool loosely) {
  if (!expected) return "";
  // Of documents the order of the keys does not matter, of ids nothing is loose.
  if (loosely ? *expected == got : to_json(*expected) == to_json(got)) return "";
  return std::string(what) + ": expected " + to_json(*expected) + ", got " + to_json(got);
}

}  // namespace

Result<std::string> difference_of_case(const Value& one, const OperatorSet& operators) {
  const Value* documents = one.find("docs");
  const Value* expected = one.find("expect");
  const Value* error = one.find("error");
  const bool expects_error = error && error->is_bool() && error->as_bool();
  const auto has_id = [](const Value& document) { return document.find("_id") != nullptr; };
  if (!one.find("query") || !documents || !documents->is_array() ||
      (!expects_error && !(expected && expected->is_array())) ||
      !std::all_of(documents->as_array().begin(), documents->as_array().end(), has_id)) {
    return Error{
        Errc::InvalidArgument,
        "a case has \"query\", \"docs\" with an \"_id\" each, and \"expect\" or \"error\""};
  }
  const Answer got = answer(one, documents->as_array(), operators);
  if (expects_error) {
    return got.error.empty() ? "expected a refusal, got " + to_json(got.ids) : std::string();
  }
  if (!got.error.empty()) return "expected " + to_json(*expected) + ", got: " + got.error;
  for (std::string difference :
       {compare("matches", expected, got.ids, false),
        compare("order", one.find("expect_order"), got.ordered, false),
        compare("projection", one.find("expect_docs"), got.projected, true)}) {
    if (!difference.empty()) return difference;
  }
  return std::string();
}

}  // namespace storm
