#include "core/model/resource.hpp"

#include <algorithm>
#include <span>

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

Value id_or_null(const std::optional<Id>& id) { return id ? Value(id->to_string()) : Value(); }

std::optional<Id> id_from(const Value* value) {
  return value && value->is_string() ? Id::parse(value->as_string()) : std::nullopt;
}

// The fields before the snapshot, and those after it.
Value leading_fields(const Resource& resource) {
  Value::Array names;
  for (const std::string& name : resource.names) names.emplace_back(name);
  return Value(Value::Object{{"id", resource.id.to_string()},
                             {"type", resource.type},
                             {"names", std::move(names)},
                             {"owner", id_or_null(resource.owner)},
                             {"parent", id_or_null(resource.parent)},
                             {"cluster", id_or_null(resource.cluster)},
                             {"host", id_or_null(resource.host)},
                             {"image", resource.image.empty() ? Value() : Value(resource.image)},
                             {"status", name_of(resource.status)},
                             {"health", name_of(resource.health)}});
}

void add_trailing_fields(Value& value, const Resource& resource) {
  value.add("first_seen", to_rfc3339(resource.first_seen));
  value.add("observed_at", to_rfc3339(resource.observed_at));
  value.add("revision", resource.revision);
  value.add("stale", resource.stale);
}

}  // namespace

bool same_content(const Resource& a, const Resource& b) {
  return a.type == b.type && a.names == b.names && a.owner == b.owner && a.parent == b.parent &&
         a.cluster == b.cluster && a.host == b.host && a.image == b.image &&
         a.image_digest == b.image_digest && a.status == b.status && a.health == b.health &&
         a.stale == b.stale && a.snapshot == b.snapshot;
}

Value to_value_without_snapshot(const Resource& resource) {
  Value value = leading_fields(resource);
  add_trailing_fields(value, resource);
  return value;
}

void append_resource_json(std::string& out, const Resource& resource, bool with_snapshot) {
  if (!with_snapshot) return append_json(out, to_value_without_snapshot(resource));
  append_json(out, leading_fields(resource));
  out.back() = ',';
  out += "\"snapshot\":";
  if (resource.snapshot) {
    resource.snapshot.append_to(out);
  } else {
    out += "null";
  }
  out += ',';
  Value trailing = Value::object();
  add_trailing_fields(trailing, resource);
  const std::size_t start = out.size();
  append_json(out, trailing);
  out.erase(start, 1);  // its opening brace
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
    resource.image = blank ? std::string() : fields.nullable_text("image").value_or("");
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
  Value value = leading_fields(resource);
  value.erase("id");
  value.add("image_digest", resource.image_digest);
  value.add("first_seen_ns", resource.first_seen);
  value.add("observed_at_ns", resource.observed_at);
  value.add("revision", resource.revision);
  value.add("uid", resource.uid);
  value.add("scope", resource.scope);
  value.add("provider_revision", resource.provider_revision);
  const PackedText& snapshot = resource.snapshot;
  value.add("has_snapshot", static_cast<bool>(snapshot));
  if (snapshot && snapshot.is_packed()) {
    value.add("packed", true);
    if (snapshot.dictionary()) value.add("dictionary", snapshot.dictionary()->key());
  }
  std::string row = to_json(value);
  row += '\n';
  if (snapshot) row += snapshot.bytes();
  return row;
}

// Not read by the rules for what people write: what was once taken must come back.
Result<Resource> resource_from_row(Id id, std::string_view row, TextPacker& packer) {
  const std::size_t end = std::min(row.find('\n'), row.size());
  const Value value = STORM_TRY(parse_json(row.substr(0, end)));
  const auto text = [&](std::string_view name) {
    const Value* found = value.find(name);
    return found && found->is_string() ? found->as_string() : std::string();
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
  const Value* names = value.find("names");
  if (!value.is_object() || !names || !names->is_array() || text("type").empty()) {
    return Error{Errc::Io, "it is no resource"};
  }
  Resource resource;
  resource.id = id;
  resource.type = text("type");
  for (const Value& name : names->as_array()) {
    if (name.is_string()) resource.names.push_back(name.as_string());
  }
  resource.owner = id_from(value.find("owner"));
  resource.parent = id_from(value.find("parent"));
  resource.cluster = id_from(value.find("cluster"));
  resource.host = id_from(value.find("host"));
  resource.image = text("image");
  resource.image_digest = text("image_digest");
  resource.status = static_cast<Status>(choice("status", kStatusNames));
  resource.health = static_cast<Health>(choice("health", kHealthNames));
  resource.first_seen = number("first_seen_ns");
  resource.observed_at = number("observed_at_ns");
  resource.revision = static_cast<std::uint64_t>(number("revision"));
  resource.uid = text("uid");
  resource.scope = text("scope");
  resource.provider_revision = static_cast<std::uint64_t>(number("provider_revision"));
  const auto flag = [&](std::string_view name) {
    const Value* found = value.find(name);
    return found && *found == Value(true);
  };
  if (!flag("has_snapshot")) return resource;
  const std::string_view bytes = row.substr(std::min(end + 1, row.size()));
  if (!flag("packed")) {
    resource.snapshot = packer.pack(bytes);
    return resource;
  }
  const std::string key = text("dictionary");
  const SharedDictionary dictionary = packer.find(key);
  if (!key.empty() && !dictionary) {
    return Error{Errc::Io, "its dictionary " + key + " is not in the store"};
  }
  resource.snapshot = STORM_TRY(PackedText::from_packed(bytes, dictionary));
  return resource;
}

std::vector<std::string> image_aliases(const std::string& image, const std::string& digest) {
  std::vector<std::string> aliases;
  if (image.empty()) return aliases;
  aliases.push_back(image);
  static constexpr std::string_view kOfficial = "library/";
  const bool official = image.starts_with(kOfficial);
  if (official) aliases.push_back(image.substr(kOfficial.size()));
  if (!digest.empty()) {
    aliases.push_back(image + '@' + digest);
    if (official) aliases.push_back(image.substr(kOfficial.size()) + '@' + digest);
  }
  return aliases;
}

}  // namespace storm
