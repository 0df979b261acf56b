// FoundResources: what a search found, counted at once and put into the order of resources only
// when, and as far as, somebody asks for it. The state outlives it. [any-thread when const]
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/engine/column_store.hpp"
#include "core/engine/state.hpp"

namespace storm {

class FoundResources {
 public:
  explicit FoundResources(const State& state) : state_(state) {}
  FoundResources(const FoundResources&) = delete;
  FoundResources& operator=(const FoundResources&) = delete;

  // While it is being found; one thread.
  void add(const Shared<Resource>& resource) { singles_.push_back(resource); }
  void add_class(const ResourceSet& resources);
  // Rows of columns, which are in the order of resources; bits as in ColumnFilter. Once.
  void set_rows(Shared<RowIds> ids, std::vector<std::uint64_t> bits);

  std::size_t size() const { return size_of_classes_ + count_of_rows_ + singles_.size(); }
  // The first of them in order, at most so many.
  std::vector<Uuid> first(std::size_t count) const;
  // All in order; kept from then on.
  const std::vector<Uuid>& ids() const;
  std::vector<Shared<Resource>> resources() const;

 private:
  const Shared<Resource>& resource(const Uuid& uuid) const { return *state_.resources.get(uuid); }
  std::vector<Uuid> rows(std::size_t count) const;
  // With singles_ among the rows.
  std::vector<Uuid> merged(std::vector<Uuid> rows) const;
  std::vector<Uuid> in_order() const;

  const State& state_;
  std::vector<Shared<Resource>> singles_;
  std::vector<const ResourceSet*> classes_;
  std::size_t size_of_classes_ = 0;
  Shared<RowIds> row_ids_;
  std::vector<std::uint64_t> row_bits_;
  std::size_t count_of_rows_ = 0;

  mutable std::mutex mutex_;
  mutable std::vector<Uuid> ids_;    // Guarded by mutex_ until made.
  mutable bool is_ordered_ = false;  // Guarded by mutex_.
};

// Into the order of resources: as std::sort does, but quicker for many.
void sort_resources(std::vector<Shared<Resource>>& resources);

}  // namespace storm
