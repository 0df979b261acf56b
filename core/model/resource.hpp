// A resource: one thing in a cloud. A plain value; the snapshot is the cloud's own JSON text,
// packed and never changed.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/base/shared_text.hpp"
#include "core/base/text_list.hpp"
#include "core/base/text_pool.hpp"
#include "core/document/packed_text.hpp"
#include "core/document/text_packer.hpp"
#include "core/document/value.hpp"
#include "core/model/fields.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

inline constexpr std::size_t kResourceNamesMax = 64;

// A million of them are kept: texts that repeat are shared, the largest fields come first.
struct Resource {
  Id id;
  OptionalId<EntityKind::Agent> owner;
  OptionalId<EntityKind::Resource> parent;
  OptionalId<EntityKind::Resource> cluster;
  OptionalId<EntityKind::Resource> host;
  SharedText type;
  TextList names;
  SharedText image;         // canonical, without digest; empty when it has none
  SharedText image_digest;  // "sha256:..." or empty
  PackedText snapshot;      // JSON text, or none
  WallTime first_seen = 0;
  WallTime observed_at = 0;    // when the provider wrote this state, else when we saw it
  std::uint64_t revision = 0;  // of the server, at the last change

  // Not shown: how the source knows it.
  SharedText uid;  // the provider's id; empty for resources made over REST
  SharedText scope;
  std::uint64_t provider_revision = 0;

  std::uint32_t class_number = 0;  // of the engine, which gives it; 0: not in a state
  Status status = Status::Unknown;
  Health health = Health::Unknown;
  bool stale = false;
};

// True when both say the same to a reader: everything but revision, times and provider_revision.
bool same_content(const Resource& a, const Resource& b);

// All fields but the snapshot, which is text of its own and can be large, in print order, ready to
// be completed.
Value to_value_without_snapshot(const Resource& resource);
// The whole resource as JSON text, its snapshot byte for byte. `with_snapshot` false leaves that
// field out.
void append_resource_json(std::string& out, const Resource& resource, bool with_snapshot = true);

// The references of a body stay as they were written (an id or a name) until the engine resolves
// them.
struct ResourceDraft {
  Resource resource;
  Reference owner, parent, cluster, host;
};
ResourceDraft read_resource(const Value& body, const Resource* known,
                            std::vector<Problem>& problems);

// Rows of the store. The snapshot stays as it is packed; its dictionary, which is named in the row,
// is kept beside the rows. Older rows have plain snapshots: these are packed as they are read.
std::string to_row(const Resource& resource);
// Texts that repeat are shared through the pool.
Result<Resource> resource_from_row(Id id, std::string_view row, TextPacker& packer, TextPool& pool);

// The forms under which an image is found: canonical, short ("postgres:9.6") and with its digest.
// Empty for none.
std::vector<std::string> image_aliases(std::string_view image, std::string_view digest);

}  // namespace storm
