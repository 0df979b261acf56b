// A class of resources: those that say the same in the fields of few values. A million resources
// fall into some ten thousand classes, so whatever depends on these fields alone (is it in that
// group? does the query match?) is found once per class. A plain value, immutable once shared.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/document/value.hpp"
#include "core/model/resource.hpp"

namespace storm {

// The fields, as queries name them.
inline constexpr std::array<std::string_view, 6> kClassFields = {"health", "image",  "owner",
                                                                 "stale",  "status", "type"};
// Those that tell most classes apart; classes are ordered by them first.
inline constexpr std::array<std::string_view, 2> kKindFields = {"image", "type"};

bool is_class_field(std::string_view field);

struct ResourceClass {
  std::string type;
  std::string image;
  std::string image_digest;
  std::optional<Id> owner;
  Status status = Status::Unknown;
  Health health = Health::Unknown;
  bool stale = false;

  std::uint32_t number = 0;  // of the class; not part of its value
  Value document;            // the fields as queries see them; not part of its value
};

ResourceClass class_of(const Resource& resource);
bool same_kind(const ResourceClass& a, const ResourceClass& b);  // type, image and digest

using SharedClass = std::shared_ptr<const ResourceClass>;

// By type, image, digest, then the rest. Compares classes with each other and with resources.
struct ClassOrder {
  using is_transparent = void;
  bool operator()(const ResourceClass* a, const ResourceClass* b) const;
  bool operator()(const ResourceClass* a, const Resource* b) const;
  bool operator()(const Resource* a, const ResourceClass* b) const;
};

}  // namespace storm
