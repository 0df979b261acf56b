// Which parts of a document are kept: what MongoDB's `find` takes as `projection`,
// {"image": 1, "snapshot.Spec": 1} or {"snapshot": 0}. Paths go into the objects of arrays, of
// arrays in arrays too. A value, [any-thread when const].
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/spot.hpp"

namespace storm {

inline constexpr std::size_t kProjectionPathsMax = 1'000;

class Projection {
 public:
  Projection() = default;  // keeps all
  // Keeps or drops, not both, but for _id: it is kept unless it is dropped. The error carries
  // Problems whose pointers name the offending place.
  static Result<Projection> parse(const Value& specification);
  // Keeps what lies on these dotted paths, or drops it. No _id comes along; a path below another is
  // part of it.
  static Projection keeping(std::span<const std::string> paths);
  static Projection dropping(std::span<const std::string> paths);

  Value apply(const Value& document) const;

 private:
  struct Node {
    bool end = false;  // a path ends here
    std::map<std::string, Node, std::less<>> children;
  };
  enum class Mode { Open, Keep, Drop };

  Result<void> read(const Value& object, std::string_view base, const Spot& spot);
  Result<void> add(std::string_view path, const Spot& spot);
  void insert(std::string_view text);
  static Value keep(const Value& value, const Node& node);
  static Value drop(const Value& value, const Node& node);

  Node root_;
  std::size_t paths_ = 0;
  Mode mode_ = Mode::Open;
};

}  // namespace storm
