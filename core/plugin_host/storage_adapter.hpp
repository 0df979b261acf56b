// A storage plugin as the engine's Storage. Owned by the daemon; opens the store when it is made
// and closes it when it is stopped. Calls are made one at a time.
#pragma once
#include <memory>

#include "core/plugin_host/plugin_instance.hpp"
#include "core/storage/storage.hpp"

namespace storm {

inline constexpr std::size_t kTransactionRowsMax = 100'000;
inline constexpr std::size_t kSpaceBytesMax = 64;
inline constexpr std::size_t kKeyBytesMax = 512;
inline constexpr std::size_t kValueBytesMax = 64 * 1024 * 1024;

class StorageAdapter final : public Storage {
 public:
  // Opens the store of a started instance. Unsupported: a newer version wrote it; Unavailable:
  // another process holds it.
  static Result<std::unique_ptr<StorageAdapter>> open(std::shared_ptr<PluginInstance> instance);
  ~StorageAdapter() override;  // stops

  Result<void> load(std::string_view space, const std::function<Result<void>(Row)>& each) override;
  Result<void> apply(const Transaction& transaction) override;
  bool durable() const override { return durable_; }

  // Closes the store and stops the instance. Stopping twice is harmless.
  Result<void> stop();

 private:
  StorageAdapter(std::shared_ptr<PluginInstance> instance, bool durable);

  const std::shared_ptr<PluginInstance> instance_;
  const bool durable_;
};

}  // namespace storm
