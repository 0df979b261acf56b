// /v1/views/{id}: a value kept current, once, or as a stream of lines (`stream=true`): the value as
// it is, then again whenever it has changed.
#include "core/document/json.hpp"
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/item.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kParameters[] = {"fields", "exclude", "stream"};

// The line of a view's value, when it is another than the last one.
class ValueLines {
 public:
  explicit ValueLines(const Id& view) : view_(view) {}

  std::optional<std::string> operator()(const State& state) {
    const LiveView* live = state.views.get(view_.uuid);
    if (!live) return std::nullopt;
    std::string value = to_json(live->tally.value(*live->view));
    if (last_ && *last_ == value) return std::string();
    last_ = std::move(value);
    Value head(Value::Object{{"id", view_.to_string()}, {"revision", state.revision}});
    std::string line = to_json(head);
    line.back() = ',';
    return line + "\"value\":" + *last_ + "}";
  }

 private:
  Id view_;
  std::optional<std::string> last_;
};

void view(const CallPtr& call, const Reply& reply) {
  const Result<bool> stream = parse_flag(call->request.url, "stream");
  if (!stream) return refuse(call, reply, stream.error());
  if (!*stream) {
    return answer_with(reply, [call] { return item_answer(*call, EntityKind::View); });
  }
  answer_with(reply, [call] {
    const Snapshot snapshot = call->api.engine.snapshot();
    const Result<Uuid> uuid = snapshot->require(EntityKind::View, call->id);
    if (!uuid) return error_answer(call->request.format, uuid.error());
    Answer answer;
    answer.content_type = "application/x-ndjson";
    answer.with("Storm-Revision", std::to_string(snapshot->revision));
    answer.body = StateLines{ValueLines({EntityKind::View, *uuid})};
    return answer;
  });
}

constexpr Route kRoutes[] = {{Method::Get, "/v1/views/{id}", view, kParameters}};

}  // namespace

std::span<const Route> view_routes() { return kRoutes; }

}  // namespace storm::rest
