#include "core/model/group.hpp"

#include <algorithm>

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

inline constexpr std::size_t kServicesMax = 1000;

Value ids_to_value(const std::vector<Id>& ids) {
  Value::Array list;
  for (const Id& id : ids) list.emplace_back(id.to_string());
  return list;
}

Service read_service(const Value& item, const std::string& pointer,
                     std::vector<Problem>& problems) {
  Service service;
  FieldReader fields(item, problems, pointer);
  if (auto name = fields.text("name", Presence::Required)) service.name = *name;
  if (auto protocol = fields.choice("protocol", Presence::Required, kProtocolNames)) {
    service.protocol = static_cast<Protocol>(*protocol);
  }
  if (auto port = fields.integer("port", Presence::Required, 1, 65535))
    service.port = static_cast<int>(*port);
  fields.refuse_misspelled(std::vector<std::string_view>{"name", "protocol", "port"});
  return service;
}

}  // namespace

const Service* Group::find_service(std::string_view service_name) const {
  const auto found = std::find_if(services.begin(), services.end(), [&](const Service& service) {
    return service.name == service_name;
  });
  return found == services.end() ? nullptr : &*found;
}

Value to_value(const Group& group) {
  Value::Array services;
  for (const Service& service : group.services) {
    services.emplace_back(Value::Object{
        {"name", service.name}, {"protocol", name_of(service.protocol)}, {"port", service.port}});
  }
  return Value(Value::Object{{"id", group.id.to_string()},
                             {"name", group.name ? Value(*group.name) : Value()},
                             {"query", group.query},
                             {"services", std::move(services)},
                             {"include", ids_to_value(group.include)},
                             {"exclude", ids_to_value(group.exclude)}});
}

GroupDraft read_group(const Value& body, const Group* known, std::vector<Problem>& problems) {
  GroupDraft draft;
  if (known) draft.group = *known;
  Group& group = draft.group;
  FieldReader fields(body, problems);
  if (fields.has("name")) group.name = fields.nullable_text("name");
  if (auto query = fields.object("query", Presence::Optional)) group.query = *query;
  if (const Value* services = fields.list("services", Presence::Optional, kServicesMax)) {
    group.services.clear();
    for (const Value& item : services->as_array()) {
      const std::string pointer =
          pointer_join(fields.pointer_of("services"), group.services.size());
      Service service = read_service(item, pointer, problems);
      if (!service.name.empty() && group.find_service(service.name)) {
        problems.push_back({pointer_join(pointer, "name"), std::string(kNotUnique)});
      }
      group.services.push_back(std::move(service));
    }
  }
  draft.include = fields.text_list("include", Presence::Optional);
  draft.exclude = fields.text_list("exclude", Presence::Optional);
  fields.refuse_misspelled(
      std::vector<std::string_view>{"id", "name", "query", "services", "include", "exclude"});
  return draft;
}

std::string to_row(const Group& group) {
  Value value = to_value(group);
  value.add("number", std::int64_t{group.number});
  return to_json(value);
}

Result<Group> group_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  GroupDraft draft = read_group(value, nullptr, problems);
  draft.group.id = id;
  if (const Value* number = value.find("number"); number && number->is_int()) {
    draft.group.number = static_cast<std::uint32_t>(number->as_int());
  }
  const auto take = [&](const std::optional<std::vector<std::string>>& texts,
                        std::vector<Id>& ids) {
    for (const std::string& text : texts.value_or(std::vector<std::string>())) {
      if (const auto parsed = Id::parse(text)) ids.push_back(*parsed);
    }
  };
  take(draft.include, draft.group.include);
  take(draft.exclude, draft.group.exclude);
  if (!problems.empty()) return invalid(std::move(problems));
  return std::move(draft.group);
}

}  // namespace storm
