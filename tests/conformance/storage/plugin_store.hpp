// PluginStore: a storage plugin as a store under test, called through its C tables alone, by a host
// that checks its manners: every failure is described, once, with the code that is returned.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "store_under_test.hpp"
#include "storm/plugin.h"

namespace storm::conformance {

class PluginStore final : public StoreUnderTest {
 public:
  // Loads the library (once per process; it is never unloaded).
  PluginStore(const char* library, const char* entry, std::string config);
  ~PluginStore() override;

  Outcome open() override;
  Outcome load(std::string_view space, const TakeRow& take) override;
  Outcome apply(const Change& change) override;
  Outcome close() override;
  std::uint32_t caps() const override { return info_.caps; }
  std::uint64_t revision_at_open() const { return info_.revision; }
  // Breaches of the contract seen so far, one a line.
  const std::string& breaches() const { return breaches_; }

 private:
  template <typename Body>
  Outcome call(std::uint32_t thread_class, const Body& body);

  std::string config_;
  std::string breaches_;
  const storm_plugin* plugin_ = nullptr;
  const storm_storage_v1* table_ = nullptr;
  storm_host host_{};
  storm_inst* instance_ = nullptr;
  storm_store_info info_{};
};

// The store as a plugin, for the tests that are about plugins; `folder` as in make_store().
std::unique_ptr<PluginStore> make_plugin_store(const std::filesystem::path& folder);

}  // namespace storm::conformance
