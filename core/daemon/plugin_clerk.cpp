#include "core/daemon/plugin_clerk.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace storm {
namespace {

constexpr std::chrono::seconds kLook{60};  // the queue wakes us before that

Error refused() { return {Errc::Unavailable, "stormd has no time for that now; try again"}; }

}  // namespace

PluginClerk::PluginClerk(Executors& executors)
    : executors_(executors), thread_([this] { run(); }) {}

PluginClerk::~PluginClerk() {
  wishes_.close();
  thread_.join();
}

void PluginClerk::act(rest::PluginAction action, std::string plugin,
                      std::function<void(Result<Value>)> done) {
  Wish wish{action, std::move(plugin), std::move(done)};
  if (!wishes_.try_push(wish)) wish.done(refused());
}

void PluginClerk::run() {
  while (!wishes_.closed() || wishes_.size() > 0) {
    for (Wish& wish : wishes_.pop_all(kLook)) {
      wish.done(wishes_.closed() ? Result<Value>(refused()) : serve(wish));
    }
  }
}

Result<Value> PluginClerk::serve(const Wish& wish) {
  switch (wish.action) {
    case rest::PluginAction::Reload:
      STORM_TRY(executors_.reload(wish.plugin));
      break;
    case rest::PluginAction::Enable:
      STORM_TRY(executors_.enable(wish.plugin));
      break;
    case rest::PluginAction::Disable:
      STORM_TRY(executors_.disable(wish.plugin));
      break;
    case rest::PluginAction::ClearQuarantine:
      STORM_TRY(executors_.clear_quarantine(wish.plugin));
      break;
  }
  const Value all = executors_.to_value();
  for (const Value& plugin : all.as_array()) {
    for (const char* key : {"id", "name"}) {
      const Value* word = plugin.find(key);
      if (word && word->is_string() && word->as_string() == wish.plugin) return plugin;
    }
  }
  return Value::object();
}

}  // namespace storm
