#include "core/model/view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"

namespace storm {
namespace {

// What is wrong with a dotted path; empty: nothing.
std::string fault_of_path(std::string_view path) {
  if (path.empty()) return std::string(kNotBlank);
  if (path.size() > kViewPathBytesMax)
    return fmt::format("A path has at most {} bytes.", kViewPathBytesMax);
  if (path.front() == '.' || path.back() == '.' || path.find("..") != std::string_view::npos)
    return "A path is names with single dots between them.";
  if (path.front() == '$') return "A path begins with the name of a field, without a dollar.";
  if (static_cast<std::size_t>(std::ranges::count(path, '.')) >= kViewPathStepsMax)
    return fmt::format("A path has at most {} steps.", kViewPathStepsMax);
  return {};
}

Value by_value(const std::vector<std::string>& by) {
  if (by.empty()) return {};
  if (by.size() == 1) return by.front();
  return Value::Array(by.begin(), by.end());
}

// One path, several in a list, or null for none.
void read_by(const Value& body, FieldReader& fields, std::vector<std::string>& by) {
  const Value* given = body.is_object() ? body.find("by") : nullptr;
  if (!given) return;
  by.clear();
  if (given->is_null()) return;
  if (given->is_string()) {
    by.push_back(given->as_string());
  } else if (auto texts = fields.text_list("by", Presence::Optional, kViewBysMax)) {
    by = std::move(*texts);
  }
  for (const std::string& path : by) {
    if (std::string fault = fault_of_path(path); !fault.empty()) {
      fields.refuse("by", std::move(fault));
      return;
    }
  }
}

// What the fields say of each other.
void check_whole(const View& view, FieldReader& fields) {
  if (is_of_numbers(view.measure) && view.path.empty()) {
    fields.refuse("path", fmt::format("The measure \"{}\" needs the path of a number.",
                                      name_of(view.measure)));
  }
  if (!is_of_numbers(view.measure) && !view.path.empty()) {
    fields.refuse("path", fmt::format("The measure \"{}\" takes no path; what is counted apart is "
                                      "named in \"by\".",
                                      name_of(view.measure)));
  }
  if (view.measure == Measure::Top && view.by.empty())
    fields.refuse("by", "The measure \"top\" needs a path to group by.");
  if (view.limit && view.by.empty())
    fields.refuse("limit", "Without \"by\" there is one value and nothing to limit.");
}

}  // namespace

Value to_value(const View& view) {
  return Value(Value::Object{{"id", view.id.to_string()},
                             {"name", view.name ? Value(*view.name) : Value()},
                             {"group", view.group ? Value(view.group->to_string()) : Value()},
                             {"query", view.query},
                             {"measure", name_of(view.measure)},
                             {"path", view.path.empty() ? Value() : Value(view.path)},
                             {"by", by_value(view.by)},
                             {"limit", view.limit ? Value(*view.limit) : Value()}});
}

ViewDraft read_view(const Value& body, const View* known, std::vector<Problem>& problems) {
  ViewDraft draft;
  if (known) draft.view = *known;
  View& view = draft.view;
  FieldReader fields(body, problems);
  if (fields.has("name")) view.name = fields.nullable_text("name");
  draft.group = fields.reference("group");
  if (auto query = fields.object("query", Presence::Optional)) view.query = std::move(*query);
  const Presence required = known ? Presence::Optional : Presence::Required;
  const std::size_t faults = problems.size();
  if (auto measure = fields.choice("measure", required, kMeasureNames))
    view.measure = static_cast<Measure>(*measure);
  if (fields.has("path")) {
    view.path = fields.nullable_text("path").value_or("");
    if (std::string fault = view.path.empty() ? "" : fault_of_path(view.path); !fault.empty())
      fields.refuse("path", std::move(fault));
  }
  read_by(body, fields, view.by);
  if (const Value* limit = body.is_object() ? body.find("limit") : nullptr) {
    view.limit = limit->is_null() ? std::nullopt
                                  : fields.integer("limit", Presence::Optional, 1, kViewLimitMax);
  }
  if (problems.size() == faults) check_whole(view, fields);
  fields.refuse_misspelled(std::vector<std::string_view>{"id", "name", "group", "query", "measure",
                                                         "path", "by", "limit", "value"});
  return draft;
}

Result<View> view_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  ViewDraft draft = read_view(value, nullptr, problems);
  draft.view.id = id;
  draft.view.group = draft.group.text ? Id::parse(*draft.group.text) : std::nullopt;
  if (!problems.empty()) return invalid(std::move(problems));
  return std::move(draft.view);
}

}  // namespace storm
