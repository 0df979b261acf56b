// The model that plugins may query, read from the engine's snapshots. Plugins are there before the
// engine is and may be after it: then there is no model. [any-thread]
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>

#include "core/engine/engine.hpp"
#include "core/plugin_host/model_reader.hpp"

namespace storm {

class EngineModel final : public ModelReader {
 public:
  // The engine outlives this, or is detached before it ends; null: it is detached, and nobody reads
  // it any more.
  void attach(const Engine* engine);

  Result<void> find(const ModelQuery& query, const std::function<bool()>& give_up,
                    const std::function<bool(std::string_view)>& write) override;

 private:
  // A search that uses the engine; what it found is handed on without it.
  class Reading;

  std::mutex mutex_;
  std::condition_variable idle_;
  const Engine* engine_ = nullptr;  // Guarded by mutex_.
  int readers_ = 0;                 // Guarded by mutex_.
};

}  // namespace storm
