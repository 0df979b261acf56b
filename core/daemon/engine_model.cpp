#include "core/daemon/engine_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/document/json.hpp"
#include "core/engine/members.hpp"
#include "core/engine/resource_search.hpp"
#include "core/model/resource.hpp"

namespace storm {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;  // of an answer

Result<Query> parse_query(const std::string& filter_json, const OperatorSet& operators) {
  const Result<Value> filter = parse_json(filter_json.empty() ? "{}" : filter_json);
  if (!filter) {
    return Error{Errc::InvalidArgument, "the query is no JSON: " + filter.error().message};
  }
  Result<Query> query = Query::parse(*filter, operators);
  if (query) return query;
  Error error = std::move(query).error();
  error.code = Errc::InvalidArgument;
  for (const Problem& problem : error.problems) {
    error.message = fmt::format("{}: {}", problem.pointer, problem.message);
    break;
  }
  return error;
}

Result<std::vector<Shared<Resource>>> search(const State& state, const Engine& engine,
                                             const ModelQuery& query,
                                             const std::function<bool()>& give_up) {
  const LiveGroup* group = nullptr;
  if (!query.group.empty()) {
    group = state.groups.get(STORM_TRY(state.require(EntityKind::Group, query.group)));
  }
  if (group && query.filter_json.empty()) return members_in_order(state, *group);
  ResourceSearch searched(state, STORM_TRY(parse_query(query.filter_json, engine.operators())),
                          &engine.scans());
  if (!searched.run(give_up)) return Error{Errc::TimedOut, "the query took too long"};
  std::vector<Shared<Resource>> found = searched.take();
  if (group) {
    std::erase_if(found, [&](const Shared<Resource>& resource) {
      return !is_member(state, *group, *resource);
    });
  }
  return found;
}

// Where a page begins: behind the resource that the one before ended with.
Result<std::size_t> start_of(const State& state, const std::vector<Shared<Resource>>& found,
                             const std::string& after) {
  if (after.empty()) return std::size_t{0};
  const std::optional<Uuid> last = state.find(EntityKind::Resource, after);
  const Shared<Resource>* const resource = last ? state.resources.get(*last) : nullptr;
  if (!resource) {
    return Error{Errc::Conflict, "the resource that the earlier answer ended with is gone"};
  }
  const auto next =
      std::ranges::upper_bound(found, resource->get(), ResourceOrder(),
                               [](const Shared<Resource>& item) { return item.get(); });
  return static_cast<std::size_t>(next - found.begin());
}

}  // namespace

class EngineModel::Reading {
 public:
  explicit Reading(EngineModel& model) : model_(model) {
    const std::lock_guard lock(model.mutex_);
    engine_ = model.engine_;
    if (engine_) ++model.readers_;
  }
  ~Reading() {
    if (!engine_) return;
    const std::lock_guard lock(model_.mutex_);
    if (--model_.readers_ == 0) model_.idle_.notify_all();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  const Engine* engine() const { return engine_; }

 private:
  EngineModel& model_;
  const Engine* engine_ = nullptr;
};

void EngineModel::attach(const Engine* engine) {
  std::unique_lock lock(mutex_);
  engine_ = engine;
  if (!engine) idle_.wait(lock, [this] { return readers_ == 0; });
}

Result<void> EngineModel::find(const ModelQuery& query, const std::function<bool()>& give_up,
                               const std::function<bool(std::string_view)>& write) {
  Snapshot state;
  std::vector<Shared<Resource>> found;
  {
    const Reading reading(*this);
    if (!reading.engine()) return Error{Errc::Unavailable, "there is no model at the moment"};
    state = reading.engine()->snapshot();
    found = STORM_TRY(search(*state, *reading.engine(), query, give_up));
  }
  const std::size_t begin = STORM_TRY(start_of(*state, found, query.after));
  const std::size_t end = std::min(found.size(), begin + std::size_t{query.limit});

  std::string piece = fmt::format("{{\"revision\":{},\"items\":[", state->revision);
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) piece += ',';
    append_resource_json(piece, *found[i]);
    if (piece.size() < kPieceBytes) continue;
    if (give_up()) return Error{Errc::TimedOut, "the query took too long"};
    if (!write(piece)) return Error{Errc::Cancelled, "nobody takes the answer"};
    piece.clear();
  }
  piece += ']';
  if (end < found.size() && end > begin) {
    piece += fmt::format(",\"next\":\"{}\"", found[end - 1]->id.to_string());
  }
  piece += '}';
  if (!write(piece)) return Error{Errc::Cancelled, "nobody takes the answer"};
  return {};
}

}  // namespace storm
