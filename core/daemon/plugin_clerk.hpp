// PluginClerk: does what people ask of plugins over REST, one after the other, on a thread of its
// own, since starting and ending plugins takes seconds. Owned by the daemon; ends before Executors.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <thread>

#include "core/base/bounded_queue.hpp"
#include "core/daemon/executors.hpp"
#include "core/rest/plugin_desk.hpp"

namespace storm {

inline constexpr std::size_t kPluginActionsMax = 64;  // that wait; more are refused

class PluginClerk final : public rest::PluginDesk {
 public:
  explicit PluginClerk(Executors& executors);
  ~PluginClerk() override;  // ends after what is under way; what waits is refused

  Value plugins() const override { return executors_.to_value(); }
  void act(rest::PluginAction action, std::string plugin,
           std::function<void(Result<Value>)> done) override;

 private:
  struct Wish {
    rest::PluginAction action = rest::PluginAction::Reload;
    std::string plugin;
    std::function<void(Result<Value>)> done;
  };

  void run();
  Result<Value> serve(const Wish& wish);

  Executors& executors_;
  BoundedQueue<Wish> wishes_{kPluginActionsMax};
  std::thread thread_;
};

}  // namespace storm
