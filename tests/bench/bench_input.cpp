#include "tests/bench/bench_input.hpp"

#include <utility>

#include "plugins/executors/jsonl/line_parser.hpp"

namespace storm::bench {

Result<Lines> Lines::open(const std::string& path) {
  std::ifstream in(path);
  if (in) return Lines(std::move(in));
  return Error{Errc::NotFound, "cannot read " + path + "; tests/bench/gen_resources.py makes it"};
}

std::optional<std::string_view> Lines::next() {
  if (!std::getline(in_, line_)) return std::nullopt;
  const std::size_t size = line_.size();
  line_.append(jsonl::kLinePadding, ' ');
  return std::string_view(line_).substr(0, size);
}

DiscoveredResource discovered(sdk::Resource resource) {
  DiscoveredResource out;
  out.uid = std::move(resource.uid);
  out.type = std::move(resource.type);
  out.parent_uid = std::move(resource.parent_uid);
  out.cluster_uid = std::move(resource.cluster_uid);
  out.host_uid = std::move(resource.host_uid);
  out.names = std::move(resource.names);
  out.image = std::move(resource.image);
  out.image_digest = std::move(resource.image_digest);
  out.status = static_cast<Status>(resource.status);
  out.health = static_cast<Health>(resource.health);
  if (!resource.snapshot_json.empty()) out.snapshot = PackedText::raw(resource.snapshot_json);
  return out;
}

}  // namespace storm::bench
