// RenderedResources: the JSON of resources that are asked for again and again, ready to be copied.
// A resource that changes is another object, so nothing here is ever old; what is not asked for any
// more makes room for others. Holds at most kRenderedBytesMax of texts. [any-thread]
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "core/engine/state.hpp"

namespace storm::rest {

inline constexpr std::size_t kRenderedBytesMax = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kRenderedTextMax = std::size_t{64} * 1024;  // larger ones are not kept
inline constexpr unsigned kRenderedPlaceBits = 13;
inline constexpr std::size_t kRenderedPlaces = std::size_t{1} << kRenderedPlaceBits;

class RenderedResources {
 public:
  // Appends the whole JSON of the resource.
  void append(std::string& out, const Shared<Resource>& resource);
  // The same; answers its entity tag.
  std::string append_tagged(std::string& out, const Shared<Resource>& resource);

  std::size_t bytes() const;

 private:
  struct Text {
    std::string json;
    std::string etag;
  };
  // Each resource has one place. It takes the place when it is the last one that was asked for
  // there, twice: walking through all resources takes none.
  struct Place {
    const Resource* asked = nullptr;  // to be compared alone: it may be gone
    Shared<Resource> resource;
    std::shared_ptr<const Text> text;
  };

  std::shared_ptr<const Text> find(const Shared<Resource>& resource, bool& wanted);
  void keep(const Shared<Resource>& resource, std::shared_ptr<const Text> text);
  Place& place_of(const Resource* resource);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::array<Place, kRenderedPlaces> places_;
  std::size_t bytes_ = 0;
  std::size_t hand_ = 0;  // where room is made next
};

}  // namespace storm::rest
