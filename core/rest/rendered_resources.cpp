#include "core/rest/rendered_resources.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "core/rest/etag.hpp"

namespace storm::rest {

void RenderedResources::append(std::string& out, const Shared<Resource>& resource) {
  bool wanted = false;
  if (const auto text = find(resource, wanted)) {
    out += text->json;
    return;
  }
  const std::size_t begin = out.size();
  append_resource_json(out, *resource);
  if (!wanted) return;
  std::string json = out.substr(begin);
  std::string etag = etag_of(json);
  keep(resource, std::make_shared<const Text>(Text{std::move(json), std::move(etag)}));
}

std::string RenderedResources::append_tagged(std::string& out, const Shared<Resource>& resource) {
  bool wanted = false;
  if (const auto text = find(resource, wanted)) {
    out += text->json;
    return text->etag;
  }
  std::string json;
  append_resource_json(json, *resource);
  std::string etag = etag_of(json);
  out += json;
  if (wanted) keep(resource, std::make_shared<const Text>(Text{std::move(json), etag}));
  return etag;
}

std::size_t RenderedResources::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

RenderedResources::Place& RenderedResources::place_of(const Resource* resource) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;  // neighbours in memory go far apart
  const std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(resource) * kSpread;
  return places_[mixed >> (64U - kRenderedPlaceBits)];
}

std::shared_ptr<const RenderedResources::Text> RenderedResources::find(
    const Shared<Resource>& resource, bool& wanted) {
  const std::lock_guard lock(mutex_);
  Place& place = place_of(resource.get());
  if (place.resource == resource) return place.text;
  wanted = place.asked == resource.get();
  place.asked = resource.get();
  return nullptr;
}

void RenderedResources::keep(const Shared<Resource>& resource, std::shared_ptr<const Text> text) {
  const std::size_t size = text->json.size();
  if (size > kRenderedTextMax) return;
  std::vector<Place> dying;  // outside the lock
  const std::lock_guard lock(mutex_);
  const auto make_room = [&](Place& place) {
    if (!place.text) return;
    bytes_ -= place.text->json.size();
    dying.push_back({nullptr, std::move(place.resource), std::move(place.text)});
    place = {};
  };
  Place& mine = place_of(resource.get());
  make_room(mine);
  for (; bytes_ + size > kRenderedBytesMax; hand_ = (hand_ + 1) % kRenderedPlaces) {
    make_room(places_[hand_]);
  }
  mine = {resource.get(), resource, std::move(text)};
  bytes_ += size;
}

}  // namespace storm::rest
