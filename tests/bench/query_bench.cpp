// What one match of a compiled query costs, and one compilation.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "unit/query/text_source.hpp"

namespace storm {
namespace {

const char* const kDocument =
    R"({"id":"res-0000000000000000000001","type":"swarm-task","names":["db.1.x8s","db.1"],
        "owner":"agent-1","cluster":"swarm-a","image":"library/postgres:9.6","status":"running",
        "health":"healthy","snapshot":{"Spec":{"Name":"db","Labels":{"tier":"back"}},
        "Endpoint":{"Ports":[{"Protocol":"tcp","PublishedPort":5432},
                             {"Protocol":"tcp","PublishedPort":8080}]}}})";

Query compiled(const char* filter) {
  static const OperatorSet operators = test::text_operators();
  auto query = Query::parse(*parse_json(filter), operators);
  if (query) return *std::move(query);
  std::cerr << query.error().message << '\n';
  std::exit(1);
}

void match(benchmark::State& state, const char* filter) {
  const Query query = compiled(filter);
  const Value document = *parse_json(kDocument);
  const ValueView view(document);
  for (auto _ : state) benchmark::DoNotOptimize(query.matches(view));
}

void compile(benchmark::State& state, const char* filter) {
  const OperatorSet operators = test::text_operators();
  const Value value = *parse_json(filter);
  for (auto _ : state) benchmark::DoNotOptimize(Query::parse(value, operators));
}

const char* const kTypeAndPrefix =
    R"({"type":"swarm-task","image":{"$regex":"^library/postgres:"}})";
const char* const kTypeAndRegex = R"({"type":"swarm-task","image":{"$regex":"postgres:9\\.\\d"}})";

BENCHMARK_CAPTURE(match, type_only_no_match, R"({"type":"swarm-node"})");
BENCHMARK_CAPTURE(match, type_and_image_prefix, kTypeAndPrefix);
BENCHMARK_CAPTURE(match, type_and_image_regex, kTypeAndRegex);
BENCHMARK_CAPTURE(match, type_and_image_regex_ignoring_case,
                  R"({"type":"swarm-task","image":{"$regex":"POSTGRES","$options":"i"}})");
BENCHMARK_CAPTURE(match, in_of_5_strings,
                  R"({"status":{"$in":["creating","created","starting","running","updating"]}})");
BENCHMARK_CAPTURE(match, path_through_array,
                  R"({"snapshot.Endpoint.Ports.PublishedPort":{"$gt":8000}})");
BENCHMARK_CAPTURE(match, element,
                  R"({"snapshot.Endpoint.Ports":{"$elemMatch":{"Protocol":"tcp",
                      "PublishedPort":{"$gte":8000,"$lt":9000}}}})");
BENCHMARK_CAPTURE(match, or_of_3,
                  R"({"$or":[{"health":"unhealthy"},{"status":{"$ne":"running"}},
                             {"names":{"$regex":"^db\\."}}]})");
BENCHMARK_CAPTURE(compile, type_and_image_prefix, kTypeAndPrefix);
BENCHMARK_CAPTURE(compile, type_and_image_regex, kTypeAndRegex);

}  // namespace
}  // namespace storm

BENCHMARK_MAIN();
