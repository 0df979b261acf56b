#include "core/model/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/base/edit_distance.hpp"

namespace storm {
namespace {

// Types as clients of the original system see them named.
std::string_view foreign_type(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return "NoneType";
    case Value::Kind::Bool:
      return "bool";
    case Value::Kind::Int:
      return "int";
    case Value::Kind::Double:
      return "float";
    case Value::Kind::String:
      return "str";
    case Value::Kind::Array:
      return "list";
    case Value::Kind::Object:
      return "dict";
  }
  return "NoneType";
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string too_long(std::size_t bytes) {
  return fmt::format("Ensure this field has no more than {} characters.", bytes);
}

}  // namespace

FieldReader::FieldReader(const Value& body, std::vector<Problem>& problems, std::string pointer)
    : body_(body), problems_(problems), pointer_(std::move(pointer)) {
  if (!body_.is_object()) {
    problems_.push_back(
        {pointer_.empty() ? "/non_field_errors" : pointer_,
         fmt::format("Invalid data. Expected a dictionary, but got {}.", foreign_type(body_))});
  }
}

void FieldReader::refuse(std::string_view name, std::string message) {
  problems_.push_back({pointer_of(name), std::move(message)});
}

const Value* FieldReader::get(std::string_view name, Presence presence) {
  const Value* value = body_.find(name);
  if (!value) {
    if (presence == Presence::Required && body_.is_object()) refuse(name, std::string(kRequired));
    return nullptr;
  }
  if (value->is_null()) {
    refuse(name, std::string(kNotNull));
    return nullptr;
  }
  return value;
}

std::optional<std::string> FieldReader::text(std::string_view name, Presence presence) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    refuse(name, std::string(kNotAString));
  } else if (is_blank(value->as_string())) {
    refuse(name, std::string(kNotBlank));
  } else if (value->as_string().size() > kNameBytesMax) {
    refuse(name, too_long(kNameBytesMax));
  } else {
    return value->as_string();
  }
  return std::nullopt;
}

std::optional<std::string> FieldReader::nullable_text(std::string_view name) {
  const Value* value = body_.find(name);
  if (!value || value->is_null()) return std::nullopt;
  return text(name, Presence::Optional);
}

Reference FieldReader::reference(std::string_view name, Presence presence) {
  const Value* value = body_.find(name);
  if (presence == Presence::Optional) {
    if (!value) return {};
    if (value->is_null()) return {true, std::nullopt};
  }
  return {true, text(name, presence)};
}

std::optional<std::string> FieldReader::content(std::string_view name, Presence presence) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (value->is_string()) return value->as_string();
  refuse(name, std::string(kNotAString));
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::integer(std::string_view name, Presence presence,
                                                 std::int64_t low, std::int64_t high) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (!value->is_int()) {
    refuse(name, "A valid integer is required.");
  } else if (value->as_int() < low) {
    refuse(name, fmt::format("Ensure this value is greater than or equal to {}.", low));
  } else if (value->as_int() > high) {
    refuse(name, fmt::format("Ensure this value is less than or equal to {}.", high));
  } else {
    return value->as_int();
  }
  return std::nullopt;
}

std::optional<bool> FieldReader::boolean(std::string_view name, Presence presence) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  refuse(name, "Must be a valid boolean.");
  return std::nullopt;
}

std::optional<Value> FieldReader::object(std::string_view name, Presence presence) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (value->is_object()) return *value;
  refuse(name, std::string(kNotAnObject));
  return std::nullopt;
}

std::optional<std::size_t> FieldReader::choice(std::string_view name, Presence presence,
                                               std::span<const std::string_view> choices) {
  const Value* value = get(name, presence);
  if (!value) return std::nullopt;
  if (value->is_string()) {
    const auto found = std::find(choices.begin(), choices.end(), value->as_string());
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  }
  refuse(name,
         fmt::format("\"{}\" is not a valid choice.",
                     value->is_string() ? value->as_string() : std::string(foreign_type(*value))));
  return std::nullopt;
}

const Value* FieldReader::list(std::string_view name, Presence presence, std::size_t items_max) {
  const Value* value = get(name, presence);
  if (!value) return nullptr;
  if (!value->is_array()) {
    refuse(name,
           fmt::format("Expected a list of items but got type \"{}\".", foreign_type(*value)));
    return nullptr;
  }
  if (value->as_array().size() > items_max) {
    refuse(name, fmt::format("Ensure this field has no more than {} elements.", items_max));
    return nullptr;
  }
  return value;
}

std::optional<std::vector<std::string>> FieldReader::text_list(std::string_view name,
                                                               Presence presence,
                                                               std::size_t items_max) {
  const Value* value = list(name, presence, items_max);
  if (!value) return std::nullopt;
  std::vector<std::string> texts;
  bool good = true;
  const auto refuse_item = [&](std::string message) {
    problems_.push_back({pointer_join(pointer_of(name), texts.size()), std::move(message)});
    good = false;
  };
  for (const Value& item : value->as_array()) {
    if (item.is_null()) {
      refuse_item(std::string(kNotNull));
    } else if (!item.is_string()) {
      refuse_item(std::string(kNotAString));
    } else if (is_blank(item.as_string())) {
      refuse_item(std::string(kNotBlank));
    } else if (item.as_string().size() > kNameBytesMax) {
      refuse_item(too_long(kNameBytesMax));
    }
    texts.push_back(item.is_string() ? item.as_string() : std::string());
  }
  if (!good) return std::nullopt;
  return texts;
}

void FieldReader::refuse_misspelled(std::span<const std::string_view> known) {
  // A body with more members than any entity has fields was not written by hand.
  if (!body_.is_object() || body_.as_object().size() > kMembersLookedAt) return;
  for (const Value::Member& member : body_.as_object()) {
    if (std::find(known.begin(), known.end(), member.first) != known.end()) continue;
    for (const std::string_view candidate : known) {
      if (candidate.size() > 3 && edit_distance(member.first, candidate) <= 2 && !has(candidate)) {
        refuse(member.first, fmt::format("Unknown field; did you mean \"{}\"?", candidate));
        break;
      }
    }
  }
}

std::string no_such_document(std::string_view reference) {
  return fmt::format("Document with id={} does not exist.", reference);
}

Error invalid(std::vector<Problem> problems) {
  STORM_ASSERT(!problems.empty());
  std::string message =
      problems.front().pointer.empty()
          ? problems.front().message
          : fmt::format("{}: {}", problems.front().pointer.substr(1), problems.front().message);
  if (problems.size() > kProblemsMax) {
    const std::size_t more = problems.size() - kProblemsMax;
    problems.resize(kProblemsMax);
    problems.push_back({"/non_field_errors", fmt::format("and {} more", more)});
  }
  return {Errc::InvalidArgument, std::move(message), std::move(problems)};
}

}  // namespace storm
