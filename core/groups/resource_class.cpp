#include "core/groups/resource_class.hpp"

#include <algorithm>

namespace storm {
namespace {

std::strong_ordering compare(std::string_view a, std::string_view b) { return a <=> b; }

// Works for classes and resources alike: both have the fields.
template <typename A, typename B>
bool before(const A& a, const B& b) {
  if (const auto order = compare(a.type, b.type); order != 0) return order < 0;
  if (const auto order = compare(a.image, b.image); order != 0) return order < 0;
  if (const auto order = compare(a.image_digest, b.image_digest); order != 0) return order < 0;
  if (a.status != b.status) return a.status < b.status;
  if (a.health != b.health) return a.health < b.health;
  if (a.stale != b.stale) return a.stale < b.stale;
  return std::optional<Id>(a.owner) < std::optional<Id>(b.owner);
}

}  // namespace

bool is_class_field(std::string_view field) {
  return std::ranges::find(kClassFields, field) != kClassFields.end();
}

ResourceClass class_of(const Resource& resource) {
  ResourceClass made;
  made.type = resource.type;
  made.image = resource.image;
  made.image_digest = resource.image_digest;
  made.owner = resource.owner;
  made.status = resource.status;
  made.health = resource.health;
  made.stale = resource.stale;
  return made;
}

bool same_kind(const ResourceClass& a, const ResourceClass& b) {
  // Neighbours differ most often in the end of the image.
  return a.image == b.image && a.image_digest == b.image_digest && a.type == b.type;
}

bool ClassOrder::operator()(const ResourceClass* a, const ResourceClass* b) const {
  return a != b && before(*a, *b);
}
bool ClassOrder::operator()(const ResourceClass* a, const Resource* b) const {
  return before(*a, *b);
}
bool ClassOrder::operator()(const Resource* a, const ResourceClass* b) const {
  return before(*a, *b);
}

}  // namespace storm
