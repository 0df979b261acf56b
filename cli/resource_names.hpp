// The names of a resource as people read them: the cloud's own id stands first in the model and is
// nobody's choice. [any-thread]
#pragma once
#include <string>

#include "core/document/value.hpp"

namespace storm::cli {

// The shortest name behind the cloud's own, or that one, or "" when there is none.
std::string readable_name(const Value& names);
// Of a document with `names`: the readable one, or its id.
std::string label_of(const Value& resource);
// "webapp.1, nirk77kcqxr064554ufs269qu"; without `readable_first` in the order of the model.
std::string names_text(const Value& names, bool readable_first);
// "+webapp.1, -fcf4794c7c58629061...": which names came and went; "" when these are no lists.
std::string names_difference(const Value& before, const Value& after);

}  // namespace storm::cli
