// Reading the fields of a body: each fault is collected under the JSON pointer of its field, in the
// words that clients of the original system know, so that one answer names them all. [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/document/value.hpp"

namespace storm {

inline constexpr std::size_t kNameBytesMax = 512;      // of a name, type, label or the like
inline constexpr std::size_t kListItemsMax = 100'000;  // of a list of references

enum class Presence { Required, Optional };

class FieldReader {
 public:
  // `pointer` is where `body` stands in what was sent. A body that is no object is a problem of its
  // own.
  FieldReader(const Value& body, std::vector<Problem>& problems, std::string pointer = "");

  // Each answers nothing when the field is absent, null (where that is allowed) or wrong; the
  // problem is then noted.
  std::optional<std::string> text(std::string_view name, Presence presence);
  std::optional<std::string> long_text(std::string_view name,
                                       Presence presence);  // no limit but the body's
  std::optional<std::int64_t> integer(std::string_view name, Presence presence, std::int64_t low,
                                      std::int64_t high);
  std::optional<bool> boolean(std::string_view name, Presence presence);
  std::optional<Value> object(std::string_view name, Presence presence);
  // The index of the choice.
  std::optional<std::size_t> choice(std::string_view name, Presence presence,
                                    std::span<const std::string_view> choices);
  std::optional<std::vector<std::string>> text_list(std::string_view name, Presence presence);
  const Value* list(std::string_view name, Presence presence);  // the raw list

  bool has(std::string_view name) const { return body_.find(name) != nullptr; }
  std::string pointer_of(std::string_view name) const { return pointer_join(pointer_, name); }
  void refuse(std::string_view name, std::string message);
  // Notes every field that is not among these or the read-only ones as unknown, with the nearest
  // known name.
  void refuse_unknown(std::span<const std::string_view> known);

 private:
  // The field's value, after absence and null have been dealt with.
  const Value* get(std::string_view name, Presence presence);

  const Value& body_;
  std::vector<Problem>& problems_;
  const std::string pointer_;
};

// "Document with id=fake does not exist."
std::string no_such_document(std::string_view reference);
// An InvalidArgument error made of the problems; its message is the first of them. Requires: not
// empty.
Error invalid(std::vector<Problem> problems);

// Messages of Django REST framework, by which clients of the original system know them.
inline constexpr std::string_view kRequired = "This field is required.";
inline constexpr std::string_view kNotNull = "This field may not be null.";
inline constexpr std::string_view kNotBlank = "This field may not be blank.";
inline constexpr std::string_view kNotUnique = "This field must be unique.";
inline constexpr std::string_view kNotAnObject = "Expected a JSON object.";

}  // namespace storm
