// The query compiler on any text: a filter, a new line, a document. What is compiled agrees with
// itself, what is refused says where.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"
#include "core/query/projection.hpp"
#include "core/query/query.hpp"
#include "core/query/sort.hpp"
#include "query_agreement.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

const OperatorSet& operators() {
  static const OperatorSet set = test::text_operators();
  return set;
}

void run(std::string_view text) {
  const std::size_t end = text.find('\n');
  const auto filter = parse_json(text.substr(0, end));
  if (!filter) return;
  (void)Sort::parse(*filter);
  const auto projection = Projection::parse(*filter);
  const auto query = Query::parse(*filter, operators(), OddKeys::Fields);
  if (!query) STORM_ASSERT(!query.error().problems.empty());
  if (end == std::string_view::npos) return;
  const auto document = parse_json(text.substr(end + 1));
  if (!document || !document->is_object()) return;
  if (projection) (void)projection->apply(*document);
  if (query) (void)fuzz::agreed_match(*query, *filter, *document);
}

}  // namespace
}  // namespace storm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  storm::run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
