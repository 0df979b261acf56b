// /v1/plugins: which plugins there are, what runs of them and how; and what can be done to them
// while stormd runs: /reload, /enable, /disable, /clear.
#include "core/document/json.hpp"
#include "core/rest/api.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/plugin_desk.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

Answer no_plugins(Format format) { return error_answer(format, 404, "Not found."); }

bool bears(const Value& plugin, std::string_view key, const std::string& text) {
  const Value* value = plugin.find(key);
  return value && value->is_string() && value->as_string() == text;
}

void list(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    const PluginDesk* desk = call->api.plugins;
    return json_answer(200, desk ? to_json(desk->plugins()) : "[]");
  });
}

void one(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] {
    if (!call->api.plugins) return no_plugins(call->request.format);
    const Value all = call->api.plugins->plugins();
    const Value* found = nullptr;
    for (const Value& plugin : all.as_array()) {
      if (bears(plugin, "id", call->id)) return json_answer(200, to_json(plugin));
      if (!bears(plugin, "name", call->id)) continue;
      // A name that several bear finds none.
      if (found) return no_plugins(call->request.format);
      found = &plugin;
    }
    return found ? json_answer(200, to_json(*found)) : no_plugins(call->request.format);
  });
}

template <PluginAction action>
void act(const CallPtr& call, const Reply& reply) {
  if (!call->api.plugins) {
    return answer_with(reply, [call] { return no_plugins(call->request.format); });
  }
  call->api.plugins->act(action, call->id, [call, reply](Result<Value> result) {
    answer_with(reply, [call, result = std::move(result)] {
      if (!result) return error_answer(call->request.format, result.error());
      return json_answer(200, to_json(*result));
    });
  });
}

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/plugins", list},
    {Method::Get, "/v1/plugins/{id}", one},
    {Method::Post, "/v1/plugins/{id}/reload", act<PluginAction::Reload>},
    {Method::Post, "/v1/plugins/{id}/enable", act<PluginAction::Enable>},
    {Method::Post, "/v1/plugins/{id}/disable", act<PluginAction::Disable>},
    {Method::Post, "/v1/plugins/{id}/clear", act<PluginAction::ClearQuarantine>},
};

}  // namespace

std::span<const Route> plugin_routes() { return kRoutes; }

}  // namespace storm::rest
