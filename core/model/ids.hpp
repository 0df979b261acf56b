// Identity of everything in the model: a kind and a UUID. Printed as the kind's prefix and 22
// base62 digits (0-9A-Za-z, most significant first): "group-58JYE3yBOmGXZhgY0Ufj12". Plain values.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/assert.hpp"

namespace storm {

enum class EntityKind : std::uint8_t {
  Agent,
  Resource,
  Group,
  Application,
  Procedure,
  Job,
  Subscription,
  View
};
inline constexpr std::size_t kEntityKinds = 8;
inline constexpr EntityKind kAllEntityKinds[kEntityKinds] = {
    EntityKind::Agent,     EntityKind::Resource, EntityKind::Group,        EntityKind::Application,
    EntityKind::Procedure, EntityKind::Job,      EntityKind::Subscription, EntityKind::View};

std::string_view name_of(EntityKind kind);        // "application"
std::string_view id_prefix_of(EntityKind kind);   // "app-"
std::string_view collection_of(EntityKind kind);  // "apps", as in the path of the API

struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  static Uuid random();  // from the system's generator
  // The same for the same two texts; for things that keep their identity without being remembered.
  static Uuid from_names(std::string_view space, std::string_view name);
  bool is_nil() const { return high == 0 && low == 0; }
};

inline constexpr std::size_t kBase62Digits = 22;
std::string to_base62(const Uuid& uuid);
std::optional<Uuid> uuid_from_base62(
    std::string_view digits);  // exactly 22 digits of at most 128 bits

struct Id {
  EntityKind kind = EntityKind::Resource;
  Uuid uuid;

  friend auto operator<=>(const Id&, const Id&) = default;
  std::string to_string() const;
  static std::optional<Id> parse(std::string_view text);
  static Id random(EntityKind kind) { return {kind, Uuid::random()}; }
  bool is_nil() const { return uuid.is_nil(); }
};

// An Id of a known kind, or none: half the size of std::optional<Id>, to be read like one. The nil
// id is none.
template <EntityKind kind>
class OptionalId {
 public:
  OptionalId() = default;
  OptionalId(std::nullopt_t) {}
  // Requires: an id of that kind, here and below.
  OptionalId(const Id& id) : uuid_(id.uuid) { STORM_ASSERT(id.kind == kind); }
  OptionalId(const std::optional<Id>& id) {
    if (id) *this = *id;
  }

  explicit operator bool() const { return has_value(); }
  bool has_value() const { return !uuid_.is_nil(); }
  operator std::optional<Id>() const {
    return has_value() ? std::optional<Id>(**this) : std::nullopt;
  }
  Id operator*() const { return {kind, uuid_}; }  // Requires: has_value(), here and below.
  struct Arrow {
    Id id;
    const Id* operator->() const { return &id; }
  };
  Arrow operator->() const { return {**this}; }
  void reset() { uuid_ = {}; }

  friend bool operator==(const OptionalId& a, const OptionalId& b) = default;
  friend bool operator==(const OptionalId& a, const std::optional<Id>& b) {
    return std::optional<Id>(a) == b;
  }
  friend bool operator==(const OptionalId& a, const Id& b) { return a.has_value() && *a == b; }

 private:
  Uuid uuid_;
};

}  // namespace storm
