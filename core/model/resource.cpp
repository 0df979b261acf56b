#include "core/model/resource.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "core/document/json.hpp"
#include "core/document/json_members.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

constexpr std::size_t kRowLineBytes = 768;  // of most rows

Value id_or_null(const std::optional<Id>& id) { return id ? Value(id->to_string()) : Value(); }

// Prints members of a JSON object; a million resources are printed at a time, so nothing is built.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  void word(std::string_view name, std::string_view plain) {
    key(name);
    out_ += plain;
  }
  template <typename Number>
  void number(std::string_view name, Number value) {
    key(name);
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }
  void flag(std::string_view name, bool value) { word(name, value ? "true" : "false"); }
  void id(std::string_view name, const std::optional<Id>& value) {
    key(name);
    if (value) {
      out_ += '"';
      out_ += value->to_string();
      out_ += '"';
    } else {
      out_ += "null";
    }
  }
  void list(std::string_view name, const TextList& texts) {
    key(name);
    out_ += '[';
    for (const std::string_view text : texts) {
      append_json_string(out_, text);
      out_ += ',';
    }
    if (out_.back() == ',') out_.pop_back();
    out_ += ']';
  }
  // The name of a member whose value follows.
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
};

// The fields before the snapshot, and those after it.
void write_leading_fields(FieldWriter& fields, const Resource& resource) {
  fields.text("type", resource.type);
  fields.list("names", resource.names);
  fields.id("owner", resource.owner);
  fields.id("parent", resource.parent);
  fields.id("cluster", resource.cluster);
  fields.id("host", resource.host);
  if (resource.image.empty()) {
    fields.word("image", "null");
  } else {
    fields.text("image", resource.image);
  }
  fields.text("status", name_of(resource.status));
  fields.text("health", name_of(resource.health));
}

void write_trailing_fields(FieldWriter& fields, const Resource& resource) {
  fields.text("first_seen", to_rfc3339(resource.first_seen));
  fields.text("observed_at", to_rfc3339(resource.observed_at));
  fields.number("revision", resource.revision);
  fields.flag("stale", resource.stale);
}

}  // namespace

bool same_content(const Resource& a, const Resource& b) {
  return a.type == b.type && a.names == b.names && a.owner == b.owner && a.parent == b.parent &&
         a.cluster == b.cluster && a.host == b.host && a.image == b.image &&
         a.image_digest == b.image_digest && a.status == b.status && a.health == b.health &&
         a.stale == b.stale && a.snapshot == b.snapshot;
}

Value to_value_without_snapshot(const Resource& resource) {
  Value::Array names;
  for (const std::string_view name : resource.names) names.emplace_back(name);
  return Value(
      Value::Object{{"id", resource.id.to_string()},
                    {"type", resource.type.view()},
                    {"names", std::move(names)},
                    {"owner", id_or_null(resource.owner)},
                    {"parent", id_or_null(resource.parent)},
                    {"cluster", id_or_null(resource.cluster)},
                    {"host", id_or_null(resource.host)},
                    {"image", resource.image.empty() ? Value() : Value(resource.image.view())},
                    {"status", name_of(resource.status)},
                    {"health", name_of(resource.health)},
                    {"first_seen", to_rfc3339(resource.first_seen)},
                    {"observed_at", to_rfc3339(resource.observed_at)},
                    {"revision", resource.revision},
                    {"stale", resource.stale}});
}

void append_resource_json(std::string& out, const Resource& resource, bool with_snapshot) {
  FieldWriter fields(out);
  fields.id("id", resource.id);
  write_leading_fields(fields, resource);
  if (with_snapshot) {
    fields.key("snapshot");
    if (resource.snapshot) {
      resource.snapshot.append_to(out);
    } else {
      out += "null";
    }
  }
  write_trailing_fields(fields, resource);
  fields.end();
}

ResourceDraft read_resource(const Value& body, const Resource* known,
                            std::vector<Problem>& problems) {
  ResourceDraft draft;
  if (known) draft.resource = *known;
  Resource& resource = draft.resource;
  FieldReader fields(body, problems);
  const Presence required = known ? Presence::Optional : Presence::Required;
  if (auto type = fields.text("type", required)) resource.type = *type;
  if (auto names = fields.text_list("names", Presence::Optional, kResourceNamesMax))
    resource.names = *names;
  draft.owner = fields.reference("owner");
  draft.parent = fields.reference("parent");
  draft.cluster = fields.reference("cluster");
  draft.host = fields.reference("host");
  if (fields.has("image")) {
    const Value* image = body.find("image");
    const bool blank = image->is_string() && image->as_string().empty();
    resource.image = blank ? SharedText() : fields.nullable_text("image").value_or("");
  }
  if (auto status = fields.choice("status", Presence::Optional, kStatusNames)) {
    resource.status = static_cast<Status>(*status);
  }
  if (auto health = fields.choice("health", Presence::Optional, kHealthNames)) {
    resource.health = static_cast<Health>(*health);
  }
  if (auto stale = fields.boolean("stale", Presence::Optional)) resource.stale = *stale;
  if (const Value* snapshot = body.find("snapshot")) {
    if (snapshot->is_null()) {
      resource.snapshot = nullptr;
    } else if (!snapshot->is_object()) {
      fields.refuse("snapshot", std::string(kNotAnObject));
    } else {
      resource.snapshot = PackedText::raw(to_json(*snapshot));
    }
  }
  fields.refuse_misspelled(std::vector<std::string_view>{
      "id", "type", "names", "owner", "parent", "cluster", "host", "image", "status", "health",
      "snapshot", "first_seen", "observed_at", "revision", "stale"});
  return draft;
}

// A line of JSON, then the snapshot's bytes as they are kept.
std::string to_row(const Resource& resource) {
  const PackedText& snapshot = resource.snapshot;
  std::string row;
  row.reserve(kRowLineBytes + (snapshot ? snapshot.bytes().size() : 0));
  FieldWriter fields(row);
  write_leading_fields(fields, resource);
  fields.text("image_digest", resource.image_digest);
  fields.number("first_seen_ns", resource.first_seen);
  fields.number("observed_at_ns", resource.observed_at);
  fields.number("revision", resource.revision);
  fields.text("uid", resource.uid);
  fields.text("scope", resource.scope);
  fields.number("provider_revision", resource.provider_revision);
  if (resource.stale) fields.flag("stale", true);
  fields.flag("has_snapshot", static_cast<bool>(snapshot));
  if (snapshot && snapshot.is_packed()) {
    fields.flag("packed", true);
    if (snapshot.dictionary()) fields.text("dictionary", snapshot.dictionary()->key());
  }
  fields.end();
  row += '\n';
  if (snapshot) row += snapshot.bytes();
  return row;
}

// Not read by the rules for what people write: what was once taken must come back.
Result<Resource> resource_from_row(Id id, std::string_view row, TextPacker& packer,
                                   TextPool& pool) {
  static const MemberTree kEverything = [] {
    MemberTree tree;
    tree.add({});
    return tree;
  }();
  const std::size_t end = std::min(row.find('\n'), row.size());
  const Value value = STORM_TRY(parse_members(row.substr(0, end), kEverything));
  const auto text = [&](std::string_view name) {
    const Value* found = value.find(name);
    return found && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
  };
  const auto number = [&](std::string_view name) {
    const Value* found = value.find(name);
    return found && found->is_int() ? found->as_int() : std::int64_t{0};
  };
  const auto choice = [&](std::string_view name, std::span<const std::string_view> choices) {
    const auto found = std::find(choices.begin(), choices.end(), text(name));
    return found == choices.end() ? std::size_t{0}
                                  : static_cast<std::size_t>(found - choices.begin());
  };
  const auto reference = [&](std::string_view name, EntityKind kind) {
    std::optional<Id> read = Id::parse(text(name));
    return read && read->kind == kind ? read : std::nullopt;
  };
  const Value* names = value.find("names");
  if (!value.is_object() || !names || !names->is_array() || text("type").empty()) {
    return Error{Errc::Io, "it is no resource"};
  }
  Resource resource;
  resource.id = id;
  resource.type = pool.intern(text("type"));
  std::vector<std::string_view> texts;
  for (const Value& name : names->as_array()) {
    if (name.is_string()) texts.push_back(name.as_string());
  }
  resource.names = TextList(texts);
  resource.owner = reference("owner", EntityKind::Agent);
  resource.parent = reference("parent", EntityKind::Resource);
  resource.cluster = reference("cluster", EntityKind::Resource);
  resource.host = reference("host", EntityKind::Resource);
  resource.image = pool.intern(text("image"));
  resource.image_digest = pool.intern(text("image_digest"));
  resource.status = static_cast<Status>(choice("status", kStatusNames));
  resource.health = static_cast<Health>(choice("health", kHealthNames));
  resource.first_seen = number("first_seen_ns");
  resource.observed_at = number("observed_at_ns");
  resource.revision = static_cast<std::uint64_t>(number("revision"));
  resource.uid = text("uid");
  resource.scope = pool.intern(text("scope"));
  resource.provider_revision = static_cast<std::uint64_t>(number("provider_revision"));
  const auto flag = [&](std::string_view name) {
    const Value* found = value.find(name);
    return found && *found == Value(true);
  };
  resource.stale = flag("stale");
  if (!flag("has_snapshot")) return resource;
  const std::string_view bytes = row.substr(std::min(end + 1, row.size()));
  if (!flag("packed")) {
    resource.snapshot = packer.pack(bytes);
    return resource;
  }
  const std::string_view key = text("dictionary");
  const SharedDictionary dictionary = packer.find(key);
  if (!key.empty() && !dictionary) {
    return Error{Errc::Io, fmt::format("its dictionary {} is not in the store", key)};
  }
  resource.snapshot = STORM_TRY(PackedText::from_packed(bytes, dictionary));
  return resource;
}

std::vector<std::string> image_aliases(std::string_view image, std::string_view digest) {
  std::vector<std::string> aliases;
  if (image.empty()) return aliases;
  aliases.emplace_back(image);
  static constexpr std::string_view kOfficial = "library/";
  const bool official = image.starts_with(kOfficial);
  const std::string_view name = image.substr(official ? kOfficial.size() : 0);
  if (official) aliases.emplace_back(name);
  if (!digest.empty()) {
    aliases.push_back(fmt::format("{}@{}", image, digest));
    if (official) aliases.push_back(fmt::format("{}@{}", name, digest));
  }
  return aliases;
}

}  // namespace storm
