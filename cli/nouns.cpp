#include "cli/nouns.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/display_text.hpp"
#include "cli/resource_names.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

using Words = std::string_view;

constexpr Words kResourceWords[] = {"res"};
constexpr Words kGroupWords[] = {"grp"};
constexpr Words kApplicationWords[] = {"app", "apps"};
constexpr Words kAgentWords[] = {"executor", "executors", "exe"};
constexpr Words kProcedureWords[] = {"proc", "procs"};
constexpr Words kJobWords[] = {"trigger", "triggers"};
constexpr Words kSubscriptionWords[] = {"sub", "subs"};

constexpr NounColumn kResourceColumns[] = {
    {"ID", "id"},
    {"TYPE", "type"},
    {"NAMES", "names", CellKind::Names},
    {"STATUS", "status", CellKind::State},
    {"HEALTH", "health", CellKind::State},
    {"IMAGE", "image", CellKind::Text, true},
    {"HOST", "host", CellKind::Text, true},
    {"CLUSTER", "cluster", CellKind::Text, true},
    {"OWNER", "owner", CellKind::Text, true},
    {"STALE", "stale", CellKind::Text, true},
};
constexpr NounColumn kNamedColumns[] = {{"ID", "id"}, {"NAME", "name", CellKind::Names}};
constexpr NounColumn kAgentColumns[] = {
    {"ID", "id"},
    {"TYPE", "type"},
    {"NAME", "name", CellKind::Names},
    {"STATUS", "status", CellKind::State},
    {"SOURCE", "source.state", CellKind::State, true},
    {"HEARTBEAT", "heartbeat", CellKind::Text, true},
    {"SUMMARY", "source.summary", CellKind::Names, true},
};
constexpr NounColumn kProcedureColumns[] = {
    {"ID", "id"}, {"TYPE", "type"}, {"NAME", "name", CellKind::Names}};
constexpr NounColumn kJobColumns[] = {
    {"ID", "id"},
    {"TYPE", "type"},
    {"STATUS", "status", CellKind::State},
    {"TARGET", "target", CellKind::Text, true},
    {"PROCEDURE", "procedure", CellKind::Text, true},
    {"OWNER", "owner", CellKind::Text, true},
    {"CREATED", "created", CellKind::Text, true},
};
constexpr NounColumn kSubscriptionColumns[] = {
    {"ID", "id"},
    {"GROUP", "group"},
    {"PROCEDURE", "procedure"},
    {"TARGET", "target"},
};

constexpr NounColumn kViewColumns[] = {
    {"ID", "id"},
    {"NAME", "name", CellKind::Names},
    {"MEASURE", "measure"},
    {"VALUE", "value", CellKind::Names},
    {"PATH", "path", CellKind::Text, true},
    {"BY", "by", CellKind::Text, true},
    {"GROUP", "group", CellKind::Text, true},
};

constexpr Words kGroupFields[] = {"name", "query", "services", "include", "exclude"};
constexpr Words kApplicationFields[] = {"name", "components", "links", "expose"};
constexpr Words kProcedureFields[] = {"type", "name", "content", "options", "params"};
constexpr Words kViewFields[] = {"name", "group", "query", "measure", "path", "by", "limit"};

constexpr Noun kNouns[] = {
    {"resource", "resources", "resources", "res-", kResourceWords, kResourceColumns, {}, false},
    {"group", "groups", "groups", "group-", kGroupWords, kNamedColumns, kGroupFields, true},
    {"application", "applications", "apps", "app-", kApplicationWords, kNamedColumns,
     kApplicationFields, true},
    {"agent", "agents", "agents", "agent-", kAgentWords, kAgentColumns, {}, true},
    {"procedure", "procedures", "procedures", "proc-", kProcedureWords, kProcedureColumns,
     kProcedureFields, true},
    {"job", "jobs", "jobs", "job-", kJobWords, kJobColumns, {}, false},
    {"subscription",
     "subscriptions",
     "subscriptions",
     "sub-",
     kSubscriptionWords,
     kSubscriptionColumns,
     {},
     false},
    {"view", "views", "views", "view-", {}, kViewColumns, kViewFields, true},
};

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::span<const Noun> nouns() { return kNouns; }

const Noun* find_noun(std::string_view word) {
  for (const Noun& noun : kNouns) {
    if (same_word(word, noun.name) || same_word(word, noun.plural)) return &noun;
    for (const std::string_view alias : noun.aliases) {
      if (same_word(word, alias)) return &noun;
    }
  }
  return nullptr;
}

std::vector<std::string> noun_words() {
  std::vector<std::string> words;
  for (const Noun& noun : kNouns) {
    words.emplace_back(noun.plural);
    words.emplace_back(noun.name);
    words.insert(words.end(), noun.aliases.begin(), noun.aliases.end());
  }
  return words;
}

const Value* at_path(const Value& document, std::string_view path) {
  const Value* here = &document;
  while (here != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    here = here->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return here;
}

std::string text_of(const Value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.as_string();
  if (!value.is_array()) return to_json(value);
  std::string text;
  for (const Value& item : value.as_array()) {
    if (!text.empty()) text += ", ";
    text += text_of(item);
  }
  return text;
}

std::string cell_text(const Value& document, const NounColumn& column, CellStyle style) {
  const Value* value = at_path(document, column.field);
  if (value == nullptr) return {};
  if (column.kind != CellKind::Names || !value->is_array()) return text_of(*value);
  std::string text = names_text(*value, style.readable_first);
  return style.full ? text : cut_to(text, kNamesWidthMax, "...");
}

std::string id_of(const Value& document) {
  const Value* id = document.find("id");
  return id == nullptr ? std::string() : text_of(*id);
}

std::string reference_to(const Noun& noun, const Value& document) {
  const Value* name = noun.named ? document.find("name") : nullptr;
  const bool has_name = name != nullptr && name->is_string() && !name->as_string().empty();
  return std::string(noun.name) + "/" + (has_name ? name->as_string() : id_of(document));
}

}  // namespace storm::cli
