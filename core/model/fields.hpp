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
inline constexpr std::size_t kProblemsMax = 100;     // told of one input; further ones are counted
inline constexpr std::size_t kMembersLookedAt = 64;  // of a body, for misspelled names

// A field that is not there: for a new entity a problem if it is required; for a change of a known
// one it stays.
enum class Presence { Required, Optional };

// A reference as it was written: an id or a name, or null for none.
struct Reference {
  bool given = false;
  std::optional<std::string> text = {};
};

class FieldReader {
 public:
  // `pointer` is where `body` stands in what was sent. A body that is no object is a problem of its
  // own.
  FieldReader(const Value& body, std::vector<Problem>& problems, std::string pointer = "");

  bool has(std::string_view name) const { return body_.find(name) != nullptr; }

  // Each answers nothing when the field is absent, null (where that is allowed) or wrong; the
  // problem is then noted.
  std::optional<std::string> text(std::string_view name, Presence presence);
  // A name, or null for none.
  std::optional<std::string> nullable_text(std::string_view name);
  Reference reference(std::string_view name, Presence presence = Presence::Optional);
  std::optional<std::string> content(std::string_view name,
                                     Presence presence);  // no limit but the body's; may be blank
  std::optional<std::int64_t> integer(std::string_view name, Presence presence, std::int64_t low,
                                      std::int64_t high);
  std::optional<bool> boolean(std::string_view name, Presence presence);
  std::optional<Value> object(std::string_view name, Presence presence);
  // The index of the choice.
  std::optional<std::size_t> choice(std::string_view name, Presence presence,
                                    std::span<const std::string_view> choices);
  std::optional<std::vector<std::string>> text_list(std::string_view name, Presence presence,
                                                    std::size_t items_max = kListItemsMax);
  const Value* list(std::string_view name, Presence presence,
                    std::size_t items_max = kListItemsMax);

  std::string pointer_of(std::string_view name) const { return pointer_join(pointer_, name); }
  void refuse(std::string_view name, std::string message);
  // Refuses a field that is not known but close to one that is known and missing: a misspelled one.
  // Others are ignored, as clients of the original system expect.
  void refuse_misspelled(std::span<const std::string_view> known);

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
inline constexpr std::string_view kNotAString = "Not a valid string.";

}  // namespace storm
