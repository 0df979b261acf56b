#include "core/model/discovery_json.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

constexpr std::string_view kBatchFields[] = {"scope", "epoch",   "sync_begin", "sync_end",
                                             "stale", "upserts", "removals"};
constexpr std::string_view kResourceFields[] = {
    "uid",          "type",   "parent_uid", "cluster_uid", "host_uid",    "names", "image",
    "image_digest", "status", "health",     "revision",    "observed_at", "stale", "snapshot"};

// May be absent, null or empty; else the rules of a text.
std::string text_or_none(FieldReader& fields, const Value& body, std::string_view name,
                         std::size_t bytes_max) {
  const Value* value = body.find(name);
  if (!value || value->is_null() || (value->is_string() && value->as_string().empty())) return {};
  std::optional<std::string> text = fields.text(name, Presence::Optional);
  if (!text) return {};
  if (text->size() <= bytes_max) return std::move(*text);
  fields.refuse(name, fmt::format("Ensure this field has no more than {} bytes.", bytes_max));
  return {};
}

// As plugins may choose it: any bytes but none at all.
std::string read_uid(const Value& value, std::vector<Problem>& problems, std::string pointer) {
  const auto refused = [&](std::string message) {
    problems.push_back({std::move(pointer), std::move(message)});
    return std::string();
  };
  if (value.is_null()) return refused(std::string(kNotNull));
  if (!value.is_string()) return refused(std::string(kNotAString));
  if (value.as_string().empty()) return refused(std::string(kNotBlank));
  if (value.as_string().size() <= kUidBytesMax) return value.as_string();
  return refused(fmt::format("Ensure this field has no more than {} bytes.", kUidBytesMax));
}

// The same, or absent, null or empty.
std::string read_relative(const Value* value, std::vector<Problem>& problems, std::string pointer) {
  if (!value || value->is_null() || (value->is_string() && value->as_string().empty())) return {};
  return read_uid(*value, problems, std::move(pointer));
}

PackedText read_snapshot(FieldReader& fields, const Value& body) {
  const Value* value = body.find("snapshot");
  if (!value || value->is_null()) return nullptr;
  if (!value->is_string() && !value->is_object()) {
    fields.refuse("snapshot", "Expected a JSON object, or a string that holds one.");
    return nullptr;
  }
  const std::string text = value->is_string() ? value->as_string() : to_json(*value);
  if (text.empty()) return nullptr;
  if (text.size() > kSnapshotBytesMax) {
    fields.refuse("snapshot",
                  fmt::format("Ensure this field has no more than {} bytes.", kSnapshotBytesMax));
    return nullptr;
  }
  if (Result<void> checked = check_json(text, kSnapshotDepthMax); !checked) {
    fields.refuse("snapshot", checked.error().message);
    return nullptr;
  }
  return PackedText::raw(text);
}

DiscoveredResource read_resource(const Value& body, std::vector<Problem>& problems,
                                 const std::string& pointer) {
  FieldReader fields(body, problems, pointer);
  DiscoveredResource out;
  fields.refuse_misspelled(kResourceFields);
  if (const Value* uid = body.find("uid")) {
    out.uid = read_uid(*uid, problems, fields.pointer_of("uid"));
  } else if (body.is_object()) {
    fields.refuse("uid", std::string(kRequired));
  }
  out.type = fields.text("type", Presence::Required).value_or("");
  out.parent_uid =
      read_relative(body.find("parent_uid"), problems, fields.pointer_of("parent_uid"));
  out.cluster_uid =
      read_relative(body.find("cluster_uid"), problems, fields.pointer_of("cluster_uid"));
  out.host_uid = read_relative(body.find("host_uid"), problems, fields.pointer_of("host_uid"));
  out.image = text_or_none(fields, body, "image", kNameBytesMax);
  out.image_digest = text_or_none(fields, body, "image_digest", kNameBytesMax);
  out.names = fields.text_list("names", Presence::Optional, kDiscoveredNamesMax)
                  .value_or(std::vector<std::string>());
  out.status =
      static_cast<Status>(fields.choice("status", Presence::Optional, kStatusNames).value_or(0));
  out.health =
      static_cast<Health>(fields.choice("health", Presence::Optional, kHealthNames).value_or(0));
  out.provider_revision = static_cast<std::uint64_t>(
      fields.integer("revision", Presence::Optional, 0, INT64_MAX).value_or(0));
  out.observed_at = fields.integer("observed_at", Presence::Optional, 0, INT64_MAX).value_or(0);
  out.stale = fields.boolean("stale", Presence::Optional).value_or(false);
  out.snapshot = read_snapshot(fields, body);
  return out;
}

void append_text(std::string& out, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
  append_json_string(out, text);
}

void append(std::string& out, const DiscoveredResource& resource) {
  out += "{\"uid\":";
  append_json_string(out, resource.uid);
  append_text(out, "type", resource.type);
  append_text(out, "parent_uid", resource.parent_uid);
  append_text(out, "cluster_uid", resource.cluster_uid);
  append_text(out, "host_uid", resource.host_uid);
  append_text(out, "image", resource.image);
  append_text(out, "image_digest", resource.image_digest);
  out += ",\"names\":[";
  for (std::size_t i = 0; i < resource.names.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, resource.names[i]);
  }
  fmt::format_to(std::back_inserter(out),
                 "],\"status\":\"{}\",\"health\":\"{}\",\"revision\":{},\"observed_at\":{}",
                 name_of(resource.status), name_of(resource.health), resource.provider_revision,
                 resource.observed_at);
  if (resource.stale) out += ",\"stale\":true";
  if (resource.snapshot) append_text(out, "snapshot", resource.snapshot.text());
  out += '}';
}

}  // namespace

Result<DiscoveryBatch> discovery_from_value(const Value& body) {
  std::vector<Problem> problems;
  FieldReader fields(body, problems);
  DiscoveryBatch batch;
  fields.refuse_misspelled(kBatchFields);
  batch.scope = text_or_none(fields, body, "scope", kScopeBytesMax);
  batch.epoch = static_cast<std::uint64_t>(
      fields.integer("epoch", Presence::Optional, 0, INT64_MAX).value_or(0));
  batch.sync_begin = fields.boolean("sync_begin", Presence::Optional).value_or(false);
  batch.sync_end = fields.boolean("sync_end", Presence::Optional).value_or(false);
  batch.stale = fields.boolean("stale", Presence::Optional).value_or(false);
  if (const Value* list = fields.list("upserts", Presence::Optional, kBatchResourcesMax)) {
    batch.upserts.reserve(list->as_array().size());
    for (std::size_t i = 0; i < list->as_array().size() && problems.size() < kProblemsMax; ++i) {
      batch.upserts.push_back(
          read_resource(list->as_array()[i], problems, pointer_join("/upserts", i)));
    }
  }
  if (const Value* list = fields.list("removals", Presence::Optional, kBatchResourcesMax)) {
    batch.removals.reserve(list->as_array().size());
    for (std::size_t i = 0; i < list->as_array().size() && problems.size() < kProblemsMax; ++i) {
      batch.removals.push_back(
          read_uid(list->as_array()[i], problems, pointer_join("/removals", i)));
    }
  }
  if (!problems.empty()) return invalid(std::move(problems));
  return batch;
}

std::string to_json(const DiscoveredResource& resource) {
  std::string out;
  append(out, resource);
  return out;
}

std::string to_json(const DiscoveryBatch& batch) {
  std::string out = "{\"scope\":";
  append_json_string(out, batch.scope);
  fmt::format_to(std::back_inserter(out),
                 ",\"epoch\":{},\"sync_begin\":{},\"sync_end\":{},\"stale\":{},\"upserts\":[",
                 batch.epoch, batch.sync_begin, batch.sync_end, batch.stale);
  for (std::size_t i = 0; i < batch.upserts.size(); ++i) {
    if (i > 0) out += ',';
    append(out, batch.upserts[i]);
  }
  out += "],\"removals\":[";
  for (std::size_t i = 0; i < batch.removals.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, batch.removals[i]);
  }
  out += "]}";
  return out;
}

}  // namespace storm
