// The words of a command line in one order: aliases become the one name of their noun or verb, and
// `get groups` and `get group/web` become `group ls` and `group get web`. Knows nothing of flags
// but which of them take a value. [any-thread]
#pragma once
#include <string>
#include <vector>

#include "cli/error_block.hpp"

namespace storm::cli {

struct ArrangedWords {
  std::vector<std::string> words;  // without the program's name
  bool failed = false;
  ErrorBlock error = {};  // when failed: a word that means nothing here, with what is near to it
};

ArrangedWords arrange_words(std::vector<std::string> words);

}  // namespace storm::cli
