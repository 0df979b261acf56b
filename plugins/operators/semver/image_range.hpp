// ImageRange: what one text of $semver means: a range of versions, of one repository or of any
// value. "library/postgres:>=9.6 <11" or ">=9.6 <11". A value. [any-thread when const]
#pragma once
#include <string>
#include <string_view>

#include "range.hpp"

namespace storm::semver {

class ImageRange {
 public:
  // Throws a Fault of STORM_E_INVALID that says what is wrong.
  static ImageRange parse(std::string_view text);

  // Without a repository the value is a version, or an image of any repository with one as its tag.
  bool matches(std::string_view value) const;

  // "library/postgres:", with which every value that matches begins; empty when there is none.
  const std::string& beginning() const { return beginning_; }

 private:
  std::string beginning_;
  Range range_;
};

}  // namespace storm::semver
