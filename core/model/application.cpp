#include "core/model/application.hpp"

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

constexpr std::size_t kApplicationItemsMax = 1000;  // components, links or exposed services

// Reads components, links and exposed services of a body; arrows in components and links become
// links.
class DraftReader {
 public:
  DraftReader(FieldReader& fields, std::vector<Problem>& problems)
      : fields_(fields), problems_(problems) {}

  void read_components(ApplicationDraft& draft) {
    const Value* list = fields_.list("components", Presence::Optional, kApplicationItemsMax);
    if (!list) return;
    draft.components.emplace();
    if (!draft.links) draft.links.emplace();  // new components bring their own links
    each(*list, "components", [&](const Value& item, const std::string& pointer) {
      if (!item.is_string()) return refuse(pointer, std::string(kNotAString));
      take_arrows(draft, item.as_string(), pointer);
    });
  }

  void read_links(ApplicationDraft& draft) {
    const Value* list = fields_.list("links", Presence::Optional, kApplicationItemsMax);
    if (!list) return;
    if (!draft.links) draft.links.emplace();
    each(*list, "links", [&](const Value& item, const std::string& pointer) {
      if (item.is_string()) {
        auto parsed = parse_component(item.as_string());
        if (!parsed) return refuse(pointer, parsed.error().message);
        if (parsed->links.empty()) return refuse(pointer, "Expected \"GROUP => GROUP[SERVICE]\".");
        add_links(draft, *parsed, pointer);
        return;
      }
      FieldReader link(item, problems_, pointer);
      const auto from = link.text("from_component", Presence::Required);
      const auto to = link.text("to_component", Presence::Required);
      const auto service = link.text("to_service", Presence::Required);
      if (from && to && service) draft.links->push_back({*from, *to, *service, pointer});
    });
  }

  void read_exposed(ApplicationDraft& draft) {
    const Value* list = fields_.list("expose", Presence::Optional, kApplicationItemsMax);
    if (!list) return;
    draft.expose.emplace();
    each(*list, "expose", [&](const Value& item, const std::string& pointer) {
      if (item.is_string()) {
        auto parsed = parse_exposed(item.as_string());
        if (!parsed) return refuse(pointer, parsed.error().message);
        for (const Word& service : parsed->services) {
          draft.expose->push_back({parsed->group.text, service.text, pointer});
        }
        return;
      }
      FieldReader exposure(item, problems_, pointer);
      const auto component = exposure.text("component", Presence::Required);
      const auto service = exposure.text("service", Presence::Required);
      if (component && service) draft.expose->push_back({*component, *service, pointer});
    });
  }

 private:
  template <typename Each>
  void each(const Value& list, std::string_view name, const Each& take) {
    std::size_t index = 0;
    for (const Value& item : list.as_array())
      take(item, pointer_join(fields_.pointer_of(name), index++));
  }

  void refuse(const std::string& pointer, std::string message) {
    problems_.push_back({pointer, std::move(message)});
  }

  void add_links(ApplicationDraft& draft, const ComponentText& parsed, const std::string& pointer) {
    std::string from = parsed.group.text;
    for (const ServiceReference& target : parsed.links) {
      for (const Word& service : target.services) {
        draft.links->push_back({from, target.group.text, service.text, pointer});
      }
      from = target.group.text;
    }
  }

  void take_arrows(ApplicationDraft& draft, const std::string& text, const std::string& pointer) {
    auto parsed = parse_component(text);
    if (!parsed) return refuse(pointer, parsed.error().message);
    draft.components->push_back({parsed->group.text, pointer});
    for (const ServiceReference& target : parsed->links)
      draft.components->push_back({target.group.text, pointer});
    add_links(draft, *parsed, pointer);
  }

  FieldReader& fields_;
  std::vector<Problem>& problems_;
};

}  // namespace

Value to_value(const Application& application) {
  Value::Array components, links, expose;
  for (const Id& id : application.components) components.emplace_back(id.to_string());
  for (const Link& link : application.links) {
    links.emplace_back(Value::Object{{"from_component", link.from_component.to_string()},
                                     {"to_component", link.to_component.to_string()},
                                     {"to_service", link.to_service}});
  }
  for (const Exposure& exposure : application.expose) {
    expose.emplace_back(Value::Object{{"component", exposure.component.to_string()},
                                      {"service", exposure.service}});
  }
  return Value(Value::Object{{"id", application.id.to_string()},
                             {"name", application.name ? Value(*application.name) : Value()},
                             {"components", std::move(components)},
                             {"links", std::move(links)},
                             {"expose", std::move(expose)}});
}

ApplicationDraft read_application(const Value& body, const Application* known,
                                  std::vector<Problem>& problems) {
  ApplicationDraft draft;
  if (known) draft.application = *known;
  FieldReader fields(body, problems);
  if (fields.has("name")) draft.application.name = fields.nullable_text("name");
  DraftReader reader(fields, problems);
  reader.read_components(draft);
  reader.read_links(draft);
  reader.read_exposed(draft);
  fields.refuse_misspelled(
      std::vector<std::string_view>{"id", "name", "components", "links", "expose"});
  return draft;
}

Result<Application> application_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  ApplicationDraft draft = read_application(value, nullptr, problems);
  Application& application = draft.application;
  application.id = id;
  const auto group_id = [&](const std::string& text, const std::string& pointer) {
    const auto parsed = Id::parse(text);
    if (!parsed) problems.push_back({pointer, no_such_document(text)});
    return parsed.value_or(Id{EntityKind::Group, {}});
  };
  if (draft.components) {
    for (const auto& item : *draft.components)
      application.components.push_back(group_id(item.group, item.pointer));
  }
  if (draft.links) {
    for (const auto& item : *draft.links) {
      application.links.push_back(
          {group_id(item.from, item.pointer), group_id(item.to, item.pointer), item.service});
    }
  }
  if (draft.expose) {
    for (const auto& item : *draft.expose) {
      application.expose.push_back({group_id(item.component, item.pointer), item.service});
    }
  }
  if (!problems.empty()) return invalid(std::move(problems));
  return std::move(application);
}

}  // namespace storm
