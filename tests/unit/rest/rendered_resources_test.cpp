#include "core/rest/rendered_resources.hpp"

#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/rest/etag.hpp"

namespace storm::rest {
namespace {

Shared<Resource> resource_of(std::size_t snapshot_bytes) {
  auto resource = std::make_shared<Resource>();
  resource->id = Id::random(EntityKind::Resource);
  resource->type = "thing";
  resource->snapshot = PackedText::raw("\"" + std::string(snapshot_bytes, 'x') + "\"");
  return resource;
}

std::string plain(const Shared<Resource>& resource) {
  std::string text;
  append_resource_json(text, *resource);
  return text;
}

TEST_CASE("rendered resources: what is kept reads as what is printed", "[rest]") {
  RenderedResources rendered;
  const Shared<Resource> resource = resource_of(100);
  for (int turn = 0; turn < 4; ++turn) {
    std::string list = "[";
    rendered.append(list, resource);
    CHECK(list == "[" + plain(resource));
    std::string item;
    CHECK(rendered.append_tagged(item, resource) == etag_of(plain(resource)));
    CHECK(item == plain(resource));
  }
  CHECK(rendered.bytes() == plain(resource).size());
}

TEST_CASE("rendered resources: what is asked for once is not kept", "[rest]") {
  RenderedResources rendered;
  std::vector<Shared<Resource>> all;
  for (int i = 0; i < 100; ++i) all.push_back(resource_of(10));
  std::string out;
  for (const auto& resource : all) rendered.append(out, resource);
  CHECK(rendered.bytes() == 0);
  for (const auto& resource : all) rendered.append(out, resource);
  CHECK(rendered.bytes() > 0);
}

TEST_CASE("rendered resources: never more than their limit, the newest among them", "[rest]") {
  RenderedResources rendered;
  const std::size_t bytes = kRenderedTextMax - 1024;
  std::string out;
  std::vector<Shared<Resource>> all;  // so that none has the address of an earlier one
  for (std::size_t i = 0; i < 2 * kRenderedBytesMax / bytes; ++i) {
    const Shared<Resource> resource = all.emplace_back(resource_of(bytes));
    for (int turn = 0; turn < 3; ++turn) {
      out.clear();
      rendered.append(out, resource);
    }
    REQUIRE(out == plain(resource));
    REQUIRE(rendered.bytes() <= kRenderedBytesMax);
  }
  CHECK(rendered.bytes() > kRenderedBytesMax / 2);
  const std::size_t before = rendered.bytes();
  const Shared<Resource> large = resource_of(kRenderedTextMax);
  for (int turn = 0; turn < 3; ++turn) rendered.append(out, large);
  CHECK(rendered.bytes() == before);
}

}  // namespace
}  // namespace storm::rest
