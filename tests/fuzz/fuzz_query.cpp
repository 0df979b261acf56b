// The query compiler and the match loop, against the plain evaluation and against themselves.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"
#include "core/query/explain.hpp"
#include "core/query/projection.hpp"
#include "core/query/query.hpp"
#include "core/query/sort.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

constexpr int kDocumentsPerFilter = 4;

const OperatorSet& operators() {
  static const OperatorSet set = test::text_operators();
  return set;
}

[[noreturn]] void disagree(const char* what, const Value& filter, const Value& document) {
  std::fprintf(stderr, "%s: %s on %s\n", what, to_json(filter).c_str(), to_json(document).c_str());
  STORM_ASSERT(false);
  __builtin_unreachable();
}

// What the query says of itself must agree with what it does.
void check(const Query& query, const Value& filter, const Value& document) {
  const ValueView view(document);
  const bool matches = query.matches(view);
  for (const AccessPredicate& predicate : query.access()) {
    if (matches && !satisfies(predicate, view)) disagree("access", filter, document);
  }
  const Explanation explanation = explain(query, view);
  if (explanation.root.holds != matches || (explanation.misses == 0) != matches) {
    disagree("explain", filter, document);
  }
  const std::vector<std::string_view> all(query.fields().begin(), query.fields().end());
  if (query.reads_only(all)) {
    if (query.decide(view, all) != (matches ? Truth::Yes : Truth::No)) {
      disagree("decide", filter, document);
    }
  }
  const Truth blind = query.decide(ValueView(Value::object()), {});
  if (blind != Truth::Depends && (blind == Truth::Yes) != matches) {
    disagree("decide without a field", filter, document);
  }
}

// The fuzzer's bytes are the chance by which filters and documents are made.
void run_random(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  std::mt19937_64 more(size);  // when the bytes are used up: one number for ever would make no end
  test::RandomCases random([&]() -> std::uint64_t { return at < size ? data[at++] : more(); });
  const Value filter = random.filter();
  const auto query = Query::parse(filter, operators());
  if (!query) disagree("refused", filter, Value());
  for (int i = 0; i < kDocumentsPerFilter; ++i) {
    const Value document = random.document();
    if (query->matches(ValueView(document)) != test::reference_matches(filter, document)) {
      disagree("match", filter, document);
    }
    check(*query, filter, document);
  }
}

// A filter, a new line, a document.
void run_text(std::string_view text) {
  const std::size_t end = text.find('\n');
  const auto filter = parse_json(text.substr(0, end));
  if (!filter) return;
  (void)Sort::parse(*filter);
  const auto projection = Projection::parse(*filter);
  const auto query = Query::parse(*filter, operators(), OddKeys::Fields);
  if (!query) {
    STORM_ASSERT(!query.error().problems.empty());
    return;
  }
  if (end == std::string_view::npos) return;
  const auto document = parse_json(text.substr(end + 1));
  if (!document || !document->is_object()) return;
  if (projection) (void)projection->apply(*document);
  check(*query, *filter, *document);
}

}  // namespace
}  // namespace storm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] == 'r') {
    storm::run_random(data + 1, size - 1);
  } else {
    storm::run_text(std::string_view(reinterpret_cast<const char*>(data), size).substr(1));
  }
  return 0;
}
