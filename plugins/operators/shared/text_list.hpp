// What operators over texts share: an argument that is one text or a list of them, and hints that
// are lists of keys. Values.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storm/cpp/text.hpp"
#include "storm/query_operator.h"

namespace storm::operators {

inline constexpr std::size_t kArgumentTextsMax = 1000;
inline constexpr std::size_t kArgumentBytesMax = std::size_t{64} << 10;

// `example` is such a text, for whoever wrote something else. Throws a Fault of STORM_E_INVALID.
std::vector<std::string> text_list(std::string_view op, std::string_view json,
                                   std::string_view example);

// The keys of a hint. Neither copied nor moved once filled in: the host is given pointers into it.
class KeysHint {
 public:
  KeysHint() = default;
  // `kind`: STORM_HINT_NONE, STORM_HINT_ANY_OF or STORM_HINT_PREFIX.
  KeysHint(std::uint32_t kind, bool exact, std::vector<std::string> keys);
  KeysHint(const KeysHint&) = delete;
  KeysHint& operator=(const KeysHint&) = delete;

  void write(storm_hint& out) const noexcept;

 private:
  std::uint32_t kind_ = STORM_HINT_NONE;
  bool exact_ = false;
  std::vector<std::string> keys_;
  std::vector<storm_str> views_;
};

}  // namespace storm::operators
