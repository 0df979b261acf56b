// A publisher plugin in C++: derive from Publisher, register with STORM_PUBLISHER_PLUGIN.
//
//   class Balancer final : public storm::sdk::Publisher {
//    public:
//     Balancer(storm::sdk::Host host, std::string_view config_json);   // a Fault when it is wrong
//     std::string describe(const Call&) override { return R"({"publisher_type": "balancer"})"; }
//     std::string ensure(const Call& call, const Publication& publication) override;
//     void retract(const Call& call, std::string_view name) override;
//   };
//   STORM_PUBLISHER_PLUGIN(balancer, Balancer, kConfigSchema)          // last line of the file
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storm/cpp/plugin.hpp"
#include "storm/publisher.h"

namespace storm::sdk {

// A member of a group, borrowed from the call.
class Member {
 public:
  explicit Member(const storm_member& raw) : raw_(&raw) {}

  std::string_view id() const { return view(raw_->id); }
  std::string_view type() const { return view(raw_->type); }
  std::string_view image() const { return view(raw_->image); }
  std::int32_t status() const { return raw_->status; }
  std::int32_t health() const { return raw_->health; }
  bool stale() const { return (raw_->flags & STORM_M_STALE) != 0; }
  std::uint64_t revision() const { return raw_->revision; }
  std::string_view resource_json() const { return view(raw_->resource_json); }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (std::uint32_t i = 0; i < raw_->names.n; ++i) {
      names.push_back(view(*reinterpret_cast<const storm_str*>(
          static_cast<const char*>(raw_->names.p) + std::size_t{i} * raw_->names.stride)));
    }
    return names;
  }

 private:
  const storm_member* raw_;
};

// What is to be outside; borrowed from the call.
struct Publication {
  std::string_view name;
  std::string_view spec_json;
  std::string_view group;
  std::uint64_t revision = 0;
  std::vector<Member> members;
};

// What changed since `base_revision`; borrowed from the call.
struct MemberChange {
  std::string_view name;
  std::uint64_t base_revision = 0;
  std::uint64_t revision = 0;
  std::vector<Member> members;
  std::vector<std::string_view> gone;
};

// Meaning and answers of each function are those of storm/publisher.h. A function that a plugin
// does not override is absent from its table. All [work].
class Publisher : public PluginObject {
 public:
  virtual std::string describe(const Call&) = 0;
  virtual std::string ensure(const Call&, const Publication&) = 0;
  virtual void retract(const Call&, std::string_view name) = 0;
  // Optional.
  virtual std::string probe(const Call&, std::string_view /*name*/) { return {}; }
  // Optional.
  virtual void feed(const Call&, const MemberChange&) {}
};

namespace detail {

inline std::vector<Member> members_of(const storm_list& list) {
  std::vector<Member> members;
  members.reserve(list.n);
  for (std::uint32_t i = 0; i < list.n; ++i) {
    members.emplace_back(*reinterpret_cast<const storm_member*>(static_cast<const char*>(list.p) +
                                                                std::size_t{i} * list.stride));
  }
  return members;
}

template <typename T>
struct PublisherKind {
  static constexpr const char* kInterface = STORM_PUBLISHER_V1;

  static storm_rc describe(storm_inst* inst, const storm_call* raw, const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { write(out, self.describe(call)); });
  }
  static storm_rc ensure(storm_inst* inst, const storm_call* raw,
                         const storm_publication* publication, const storm_out* out) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      const std::string answer =
          self.ensure(call, Publication{view(publication->name), view(publication->spec_json),
                                        view(publication->group), publication->revision,
                                        members_of(publication->members)});
      if (!answer.empty()) write(out, answer);
    });
  }
  static storm_rc retract(storm_inst* inst, const storm_call* raw, storm_str name) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) { self.retract(call, view(name)); });
  }
  static storm_rc probe(storm_inst* inst, const storm_call* raw, storm_str name,
                        const storm_out* out) noexcept {
    return enter<T>(inst, raw,
                    [&](T& self, const Call& call) { write(out, self.probe(call, view(name))); });
  }
  static storm_rc feed(storm_inst* inst, const storm_call* raw,
                       const storm_member_change* change) noexcept {
    return enter<T>(inst, raw, [&](T& self, const Call& call) {
      MemberChange copy{view(change->name),
                        change->base_revision,
                        change->revision,
                        members_of(change->members),
                        {}};
      for (std::uint32_t i = 0; i < change->gone.n; ++i) {
        copy.gone.push_back(view(*reinterpret_cast<const storm_str*>(
            static_cast<const char*>(change->gone.p) + std::size_t{i} * change->gone.stride)));
      }
      self.feed(call, copy);
    });
  }

  static constexpr storm_publisher_v1 kTable = {
      sizeof(storm_publisher_v1),
      0,
      &describe,
      &ensure,
      &retract,
      overrides<decltype(&T::probe), decltype(&Publisher::probe)> ? &probe : nullptr,
      overrides<decltype(&T::feed), decltype(&Publisher::feed)> ? &feed : nullptr,
  };
};

}  // namespace detail
}  // namespace storm::sdk

// At namespace scope, outside any namespace. `schema`: constexpr text, JSON Schema of the
// configuration, or "".
#define STORM_PUBLISHER_PLUGIN(name, Class, schema) \
  STORM_SDK_PLUGIN(name, "publisher", ::storm::sdk::detail::PublisherKind, Class, schema)
