#include "cli/removal_losses.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"

namespace storm::cli {
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Those of a collection whose `field` is, or holds, the id.
Value::Array referring(Client& client, const Noun& noun, std::string_view field,
                       const std::string& id, const std::string& fields) {
  const std::string filter = to_json(Value(Value::Object{{std::string(field), id}}));
  Answer answer = client.get(path_to(noun.collection, {}, {{"fields", fields}, {"q", filter}}));
  return answer.ok() && answer.body.is_array() ? std::move(answer.body.as_array()) : Value::Array();
}

std::size_t count_of(const Value& document, std::string_view list, const std::string& id,
                     std::initializer_list<std::string_view> members) {
  const Value* items = document.find(list);
  if (items == nullptr || !items->is_array()) return 0;
  const auto names_it = [&](const Value& item) {
    return std::any_of(members.begin(), members.end(), [&](std::string_view member) {
      const Value* value = item.find(member);
      return value != nullptr && *value == Value(id);
    });
  };
  return static_cast<std::size_t>(
      std::count_if(items->as_array().begin(), items->as_array().end(), names_it));
}

// Whether a query asks for the members of the group, anywhere in it.
bool asks_for(const Value& query, const std::string& id, const std::string& name) {
  if (query.is_array()) {
    return std::any_of(query.as_array().begin(), query.as_array().end(),
                       [&](const Value& item) { return asks_for(item, id, name); });
  }
  if (!query.is_object()) return false;
  for (const auto& [key, value] : query.as_object()) {
    const bool named = value.is_string() && !value.as_string().empty() &&
                       (value.as_string() == id || value.as_string() == name);
    if ((key == "$group" && named) || asks_for(value, id, name)) return true;
  }
  return false;
}

std::string loss_of(const Value& application, const std::string& id) {
  std::string line =
      reference_to(*find_noun("application"), application) + " loses it as a component";
  const std::size_t links = count_of(application, "links", id, {"from_component", "to_component"});
  const std::size_t exposed = count_of(application, "expose", id, {"component"});
  if (links > 0) line += ", with " + counted(links, "link");
  if (exposed > 0) line += (links > 0 ? " and " : ", with ") + counted(exposed, "exposed service");
  return line;
}

}  // namespace

std::vector<std::string> removal_losses(Client& client, const Noun& noun, const Value& document) {
  std::vector<std::string> lines;
  const std::string id = id_of(document);
  const bool group = noun.name == "group";
  if (!group && noun.name != "procedure") return lines;
  if (group) {
    const Value* name = document.find("name");
    const std::string named = name == nullptr ? std::string() : text_of(*name);
    for (const Value& application :
         referring(client, *find_noun("application"), "components", id, "id,name,links,expose")) {
      lines.push_back(loss_of(application, id));
    }
    const Noun& view = *find_noun("view");
    for (const Value& one : referring(client, view, "group", id, "id,name"))
      lines.push_back(reference_to(view, one) + " goes with it");
    Answer groups = client.get(path_to("groups", {}, {{"fields", "id,name,query"}}));
    if (groups.ok() && groups.body.is_array()) {
      for (const Value& other : groups.body.as_array()) {
        const Value* query = other.find("query");
        if (query != nullptr && id_of(other) != id && asks_for(*query, id, named))
          lines.push_back(reference_to(noun, other) + " asks for its members, and finds none");
      }
    }
  }
  const std::size_t subscriptions =
      referring(client, *find_noun("subscription"), noun.name, id, "id").size();
  if (subscriptions > 0) {
    lines.push_back(fmt::format("{} {} with it", counted(subscriptions, "subscription"),
                                subscriptions == 1 ? "goes" : "go"));
  }
  return lines;
}

}  // namespace storm::cli
