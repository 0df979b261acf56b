#include "cli/application_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/nearest.hpp"
#include "core/model/application_text.hpp"

namespace storm::cli {
namespace {

std::vector<std::string> service_names(const Value& group) {
  std::vector<std::string> names;
  const Value* services = group.find("services");
  if (services == nullptr || !services->is_array()) return names;
  for (const Value& service : services->as_array()) {
    const Value* name = service.find("name");
    if (name != nullptr && name->is_string()) names.push_back(name->as_string());
  }
  return names;
}

// Other ways to draw an arrow that people try.
bool has_other_arrow(std::string_view text) {
  return text.find("=>") == std::string_view::npos &&
         (text.find("->") != std::string_view::npos || text.find(" = ") != std::string_view::npos ||
          text.find("→") != std::string_view::npos || text.find(" > ") != std::string_view::npos);
}
constexpr const char* kArrowNote = "a link is written: frontend => database[postgres]";

class Check {
 public:
  Check(const ImportItem& item, KnownGroups& groups, std::vector<ErrorBlock>& errors)
      : item_(item), groups_(groups), errors_(errors) {}

  std::set<std::string> run() {
    each("components", [&](const std::string& pointer, const Value& entry) {
      if (!entry.is_string()) return;
      auto component = parse_component(entry.as_string());
      if (!component) return fail(pointer, component.error().message);
      check_group(pointer, component->group);
      for (const ServiceReference& link : component->links) check_reference(pointer, link);
    });
    each("links", [&](const std::string& pointer, const Value& entry) {
      if (!entry.is_string()) return check_link(pointer, entry);
      auto component = parse_component(entry.as_string());
      if (!component) return fail(pointer, component.error().message);
      check_group(pointer, component->group);
      for (const ServiceReference& link : component->links) check_reference(pointer, link);
    });
    each("expose", [&](const std::string& pointer, const Value& entry) {
      if (!entry.is_string()) return check_exposed(pointer, entry);
      auto exposed = parse_exposed(entry.as_string());
      if (!exposed) return fail(pointer, exposed.error().message);
      check_reference(pointer, *exposed);
    });
    return std::move(used_);
  }

 private:
  template <typename Function>
  void each(std::string_view field, const Function& function) {
    const Value* list = item_.body->find(field);
    if (list == nullptr || !list->is_array()) return;
    for (std::size_t i = 0; i < list->as_array().size(); ++i) {
      function(pointer_join(pointer_join("", field), i), list->as_array()[i]);
    }
  }

  // The parser's message ends with the column in the text; shown in the file instead.
  void fail(const std::string& pointer, const std::string& message) {
    static constexpr std::string_view kMark = " at column ";
    const std::size_t mark = message.rfind(kMark);
    std::size_t column = 0;
    if (mark != std::string::npos) {
      const char* digits = message.data() + mark + kMark.size();
      std::from_chars(digits, message.data() + message.size(), column);
    }
    const Value* entry = at_pointer(*item_.body, pointer);
    const bool arrow =
        entry != nullptr && entry->is_string() && has_other_arrow(entry->as_string());
    const std::string note = arrow ? kArrowNote : "";
    errors_.push_back(
        column == 0 ? error_at(item_, pointer, message, note)
                    : error_at(item_, pointer, message.substr(0, mark), note, {column - 1, 1}));
  }

  bool check_group(const std::string& pointer, const Word& group) {
    used_.insert(group.text);
    if (groups_.services_of(group.text)) return true;
    const std::string note = has_other_arrow(group.text)
                                 ? std::string(kArrowNote)
                                 : did_you_mean(group.text, groups_.names());
    errors_.push_back(error_at(item_, pointer, fmt::format("group \"{}\" not found", group.text),
                               note, {group.offset, group.text.size()}));
    return false;
  }

  void check_service(const std::string& pointer, const std::string& group, const Word& service) {
    const auto services = groups_.services_of(group);
    if (!services || std::find(services->begin(), services->end(), service.text) != services->end())
      return;
    const std::string note = services->empty() ? fmt::format("\"{}\" has no services", group)
                                               : fmt::format("services of \"{}\": {}", group,
                                                             fmt::join(*services, ", "));
    errors_.push_back(error_at(
        item_, pointer, fmt::format("group \"{}\" has no service \"{}\"", group, service.text),
        note, {service.offset, service.text.size()}));
  }

  void check_reference(const std::string& pointer, const ServiceReference& reference) {
    if (!check_group(pointer, reference.group)) return;
    for (const Word& service : reference.services) {
      check_service(pointer, reference.group.text, service);
    }
  }

  // {"from_component": "a", "to_component": "b", "to_service": "http"}
  void check_link(const std::string& pointer, const Value& link) {
    const Value* from = link.find("from_component");
    if (from != nullptr && from->is_string()) {
      check_group(pointer + "/from_component", {from->as_string(), 0});
    }
    check_pair(pointer, link, "to_component", "to_service");
  }
  void check_exposed(const std::string& pointer, const Value& exposed) {
    check_pair(pointer, exposed, "component", "service");
  }
  void check_pair(const std::string& pointer, const Value& object, std::string_view group_key,
                  std::string_view service_key) {
    const Value* group = object.find(group_key);
    const Value* service = object.find(service_key);
    if (group == nullptr || !group->is_string()) return;
    if (!check_group(pointer_join(pointer, group_key), {group->as_string(), 0})) return;
    if (service == nullptr || !service->is_string()) return;
    check_service(pointer_join(pointer, service_key), group->as_string(),
                  {service->as_string(), 0});
  }

  const ImportItem& item_;
  KnownGroups& groups_;
  std::vector<ErrorBlock>& errors_;
  std::set<std::string> used_;
};

}  // namespace

KnownGroups::KnownGroups(const ImportSet& set, Fetch fetch, List list_names)
    : fetch_(std::move(fetch)), list_names_(std::move(list_names)) {
  for (const ImportItem& item : set.items) {
    if (item.noun->name != "group") continue;
    services_[item.name] = service_names(*item.body);
    imported_.push_back(item.name);
  }
}

std::optional<std::vector<std::string>> KnownGroups::services_of(const std::string& group) {
  const auto found = services_.find(group);
  if (found != services_.end()) return found->second;
  const Value document = fetch_(group);
  auto& services = services_[group];
  if (document.is_object()) services = service_names(document);
  return services;
}

std::vector<std::string> KnownGroups::names() {
  std::vector<std::string> all = imported_;
  for (std::string& name : list_names_()) {
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  }
  return all;
}

std::set<std::string> check_application(const ImportItem& item, KnownGroups& groups,
                                        std::vector<ErrorBlock>& errors) {
  return Check(item, groups, errors).run();
}

}  // namespace storm::cli
