#include "core/query/schema_reader.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "core/query/compiler.hpp"
#include "core/query/condition.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

// Of JSON Schema, but not of MongoDB.
constexpr std::string_view kMissing[] = {"$ref",        "$schema", "default",
                                         "definitions", "format",  "id"};

Error needs(const Spot& spot, std::string_view name, std::string_view what, const Value& value) {
  return refused(spot, std::string(name) + " needs " + std::string(what) + ", not " +
                           std::string(name_of(value.kind())));
}

// The types of JSON that `type` names; `bsonType` has those of $type.
std::optional<std::uint32_t> json_type(std::string_view name) {
  if (name == "object") return kTypeObject;
  if (name == "array") return kTypeArray;
  if (name == "number") return kTypeInt | kTypeLong | kTypeDouble;
  if (name == "boolean") return kTypeBool;
  if (name == "string") return kTypeString;
  if (name == "null") return kTypeNull;
  return std::nullopt;
}

Result<std::uint32_t> read_type(std::string_view keyword, const Value& value, const Spot& spot) {
  if (!value.is_string()) return needs(spot, keyword, "names of types", value);
  const std::string& name = value.as_string();
  if (keyword == "bsonType") return read_type_name(name, spot);
  if (const auto types = json_type(name)) return *types;
  if (name == "integer") {
    return refused(spot,
                   "the type \"integer\" is not one of MongoDB's; use bsonType \"int\" or "
                   "\"long\", or multipleOf 1");
  }
  return refused(
      spot, "unknown type " + quoted(name) +
                did_you_mean(name, {"array", "boolean", "null", "number", "object", "string"}));
}

Result<std::vector<std::string>> read_names(const Value& list, const Spot& spot,
                                            std::string_view keyword) {
  if (!list.is_array() || list.as_array().empty()) {
    return refused(spot, std::string(keyword) + " needs a list of at least one name");
  }
  std::vector<std::string> names;
  std::set<std::string_view> known;
  std::size_t index = 0;
  for (const Value& item : list.as_array()) {
    if (!item.is_string()) return needs(spot.at(index), keyword, "names of fields", item);
    if (!known.insert(item.as_string()).second) {
      return refused(spot.at(index), quoted(item.as_string()) + " stands there twice");
    }
    names.push_back(item.as_string());
    ++index;
  }
  return names;
}

}  // namespace

struct SchemaReader::Keyword {
  std::string_view name;
  Result<void> (SchemaReader::*reader)(const Place&);
};

std::span<const SchemaReader::Keyword> SchemaReader::keywords() {
  static constexpr Keyword kKeywords[] = {
      {"additionalItems", &SchemaReader::more_items},
      {"additionalProperties", &SchemaReader::more_members},
      {"allOf", &SchemaReader::branches},
      {"anyOf", &SchemaReader::branches},
      {"bsonType", &SchemaReader::types},
      {"dependencies", &SchemaReader::dependencies},
      {"description", &SchemaReader::ignored},
      {"enum", &SchemaReader::values},
      {"exclusiveMaximum", &SchemaReader::exclusive},
      {"exclusiveMinimum", &SchemaReader::exclusive},
      {"items", &SchemaReader::items},
      {"maxItems", &SchemaReader::count},
      {"maxLength", &SchemaReader::count},
      {"maxProperties", &SchemaReader::count},
      {"maximum", &SchemaReader::limit},
      {"minItems", &SchemaReader::count},
      {"minLength", &SchemaReader::count},
      {"minProperties", &SchemaReader::count},
      {"minimum", &SchemaReader::limit},
      {"multipleOf", &SchemaReader::multiple},
      {"not", &SchemaReader::not_},
      {"oneOf", &SchemaReader::branches},
      {"pattern", &SchemaReader::pattern},
      {"patternProperties", &SchemaReader::patterned},
      {"properties", &SchemaReader::properties},
      {"required", &SchemaReader::required},
      {"title", &SchemaReader::ignored},
      {"type", &SchemaReader::types},
      {"uniqueItems", &SchemaReader::unique_items},
  };
  return kKeywords;
}

Result<Schema> SchemaReader::read(const Value& value, const Spot& spot) {
  if (!value.is_object()) {
    return refused(spot, "a schema is an object, not " + std::string(name_of(value.kind())));
  }
  Schema schema;
  for (const Value::Member& member : value.as_object()) {
    const std::string& name = member.first;
    const Spot here = spot.at(name);
    const auto known = std::find_if(keywords().begin(), keywords().end(),
                                    [&](const Keyword& one) { return one.name == name; });
    if (known == keywords().end()) {
      if (std::find(std::begin(kMissing), std::end(kMissing), name) != std::end(kMissing)) {
        return refused(here, quoted(name) + " is refused: $jsonSchema does not have it");
      }
      std::vector<std::string> names;
      for (const Keyword& one : keywords()) names.emplace_back(one.name);
      return refused(here,
                     "unknown keyword of $jsonSchema " + quoted(name) + did_you_mean(name, names));
    }
    STORM_TRY((this->*known->reader)({known->name, member.second, value, here, schema}));
  }
  return schema;
}

Result<std::unique_ptr<const Schema>> SchemaReader::read_inner(const Value& value,
                                                               const Spot& spot) {
  return std::unique_ptr<const Schema>(std::make_unique<Schema>(STORM_TRY(read(value, spot))));
}

Result<std::vector<Schema>> SchemaReader::read_list(const Value& list, const Spot& spot,
                                                    std::string_view name) {
  if (!list.is_array() || list.as_array().empty()) {
    return refused(spot, std::string(name) + " needs a list of at least one schema");
  }
  std::vector<Schema> schemas;
  std::size_t index = 0;
  for (const Value& item : list.as_array()) {
    schemas.push_back(STORM_TRY(read(item, spot.at(index++))));
  }
  return schemas;
}

Result<void> SchemaReader::ignored(const Place& place) {
  if (!place.value.is_string()) return needs(place.spot, place.name, "a string", place.value);
  return {};
}

Result<void> SchemaReader::types(const Place& place) {
  if (place.name == "type" && place.siblings.find("bsonType")) {
    return refused(place.spot, "type and bsonType cannot stand side by side");
  }
  std::uint32_t types = 0;
  if (!place.value.is_array()) {
    types = STORM_TRY(read_type(place.name, place.value, place.spot));
  } else {
    if (place.value.as_array().empty()) {
      return refused(place.spot, std::string(place.name) + " needs at least one type");
    }
    std::size_t index = 0;
    for (const Value& item : place.value.as_array()) {
      types |= STORM_TRY(read_type(place.name, item, place.spot.at(index)));
      ++index;
    }
  }
  place.schema.types_ = types;
  return {};
}

Result<void> SchemaReader::values(const Place& place) {
  if (!place.value.is_array() || place.value.as_array().empty()) {
    return refused(place.spot, "enum needs a list of at least one value");
  }
  place.schema.set_values(place.value.as_array());
  return {};
}

Result<void> SchemaReader::limit(const Place& place) {
  if (!place.value.is_number()) return needs(place.spot, place.name, "a number", place.value);
  (place.name == "minimum" ? place.schema.minimum_ : place.schema.maximum_) = place.value;
  return {};
}

Result<void> SchemaReader::exclusive(const Place& place) {
  const bool low = place.name == "exclusiveMinimum";
  if (!place.value.is_bool()) return needs(place.spot, place.name, "true or false", place.value);
  const std::string_view limit = low ? "minimum" : "maximum";
  if (!place.siblings.find(limit)) {
    return refused(place.spot, std::string(place.name) + " stands beside " + std::string(limit) +
                                   ", which is missing here");
  }
  (low ? place.schema.above_minimum_ : place.schema.below_maximum_) = place.value.as_bool();
  return {};
}

Result<void> SchemaReader::multiple(const Place& place) {
  if (!place.value.is_number() || !(place.value.as_double() > 0)) {
    return refused(place.spot, "multipleOf needs a number above 0");
  }
  std::int64_t whole = 0;
  place.schema.divisor_ = is_whole(place.value, whole) ? Value(whole) : place.value;
  return {};
}

Result<void> SchemaReader::count(const Place& place) {
  std::int64_t whole = 0;
  if (!is_whole(place.value, whole) || whole < 0) {
    return refused(place.spot, std::string(place.name) + " needs a whole number from 0 on");
  }
  auto& bounds = place.name.ends_with("Length")  ? place.schema.length_
                 : place.name.ends_with("Items") ? place.schema.items_count_
                                                 : place.schema.members_count_;
  (place.name.starts_with("min") ? bounds.min : bounds.max) = static_cast<std::size_t>(whole);
  return {};
}

Result<void> SchemaReader::pattern(const Place& place) {
  if (!place.value.is_string()) return needs(place.spot, place.name, "a string", place.value);
  place.schema.pattern_ = STORM_TRY(pattern_(place.value, place.spot));
  return {};
}

Result<void> SchemaReader::unique_items(const Place& place) {
  if (!place.value.is_bool()) return needs(place.spot, place.name, "true or false", place.value);
  place.schema.unique_items_ = place.value.as_bool();
  return {};
}

Result<void> SchemaReader::items(const Place& place) {
  if (place.value.is_array()) {
    if (place.value.as_array().empty()) return {};
    place.schema.positions_ = STORM_TRY(read_list(place.value, place.spot, place.name));
  } else {
    place.schema.items_ = STORM_TRY(read_inner(place.value, place.spot));
  }
  return {};
}

Result<void> SchemaReader::more_items(const Place& place) {
  const Value* items = place.siblings.find("items");
  const bool matters = items && items->is_array();
  if (place.value.is_bool()) {
    if (matters) place.schema.more_items_ = place.value.as_bool();
  } else if (place.value.is_object()) {
    auto schema = STORM_TRY(read_inner(place.value, place.spot));
    if (matters) place.schema.items_ = std::move(schema);
  } else {
    return needs(place.spot, place.name, "true, false or a schema", place.value);
  }
  return {};
}

Result<void> SchemaReader::required(const Place& place) {
  place.schema.required_ = STORM_TRY(read_names(place.value, place.spot, place.name));
  return {};
}

Result<void> SchemaReader::properties(const Place& place) {
  if (!place.value.is_object()) return needs(place.spot, place.name, "an object", place.value);
  auto& properties = place.schema.properties_;
  for (const auto& [name, schema] : place.value.as_object()) {
    Schema inner = STORM_TRY(read(schema, place.spot.at(name)));
    properties.push_back({name, std::move(inner)});
  }
  std::sort(properties.begin(), properties.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return {};
}

Result<void> SchemaReader::patterned(const Place& place) {
  if (!place.value.is_object()) return needs(place.spot, place.name, "an object", place.value);
  for (const auto& [text, inner] : place.value.as_object()) {
    const Spot here = place.spot.at(text);
    auto compiled = STORM_TRY(pattern_(Value(text), here));
    Schema schema = STORM_TRY(read(inner, here));
    place.schema.patterns_.push_back({std::move(compiled), std::move(schema)});
  }
  return {};
}

Result<void> SchemaReader::more_members(const Place& place) {
  if (place.value.is_bool()) {
    place.schema.more_members_ = place.value.as_bool();
  } else if (place.value.is_object()) {
    place.schema.members_ = STORM_TRY(read_inner(place.value, place.spot));
  } else {
    return needs(place.spot, place.name, "true, false or a schema", place.value);
  }
  return {};
}

Result<void> SchemaReader::dependencies(const Place& place) {
  if (!place.value.is_object()) return needs(place.spot, place.name, "an object", place.value);
  for (const auto& [name, what] : place.value.as_object()) {
    const Spot here = place.spot.at(name);
    Schema::Dependency dependency;
    dependency.name = name;
    if (what.is_array()) {
      dependency.required = STORM_TRY(read_names(what, here, place.name));
    } else {
      dependency.schema = STORM_TRY(read_inner(what, here));
    }
    place.schema.dependencies_.push_back(std::move(dependency));
  }
  return {};
}

Result<void> SchemaReader::branches(const Place& place) {
  auto schemas = STORM_TRY(read_list(place.value, place.spot, place.name));
  auto& list = place.name == "allOf"   ? place.schema.all_of_
               : place.name == "anyOf" ? place.schema.any_of_
                                       : place.schema.one_of_;
  list = std::move(schemas);
  return {};
}

Result<void> SchemaReader::not_(const Place& place) {
  place.schema.not_ = STORM_TRY(read_inner(place.value, place.spot));
  return {};
}

}  // namespace storm
