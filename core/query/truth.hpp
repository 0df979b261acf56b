// What a query says of a document of which only a part is known. [any-thread]
#pragma once

namespace storm {

enum class Truth {
  No,       // no document with this part matches
  Yes,      // every document with this part matches
  Depends,  // the rest of the document decides
};

}  // namespace storm
