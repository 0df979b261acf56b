#include "core/engine/restart_moves.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "core/engine/members.hpp"

namespace storm {
namespace {

constexpr std::string_view kStale = "stale";
constexpr std::string_view kStatus = "status";  // of an agent

// A document in which one field has another value.
class ChangedView : public DocumentView {
 public:
  ChangedView(const DocumentView& now, std::string_view name, Value value)
      : now_(now), name_(name), value_(std::move(value)) {}
  const Value* field(std::string_view name) const override {
    return name == name_ ? &value_ : now_.field(name);
  }
  void each_name(const VisitName& visit) const override { now_.each_name(visit); }
  const DocumentView* related(Relation relation) const override { return now_.related(relation); }
  bool in_group(std::string_view name) const override { return now_.in_group(name); }

 private:
  const DocumentView& now_;
  const std::string_view name_;
  const Value value_;
};

class Comparison {
 public:
  Comparison(const State& state, const GroupIndex& index, const Restarted& restarted,
             std::size_t tests_max)
      : state_(state), index_(index), restarted_(restarted), tests_left_(tests_max) {
    const GroupNumbers readers = index.readers(std::span(&kStale, 1));
    candidates_.insert(readers.begin(), readers.end());
    candidates_.insert(index.dependent().begin(), index.dependent().end());
  }

  GroupNumbers run() {
    GroupNumbers changed;
    for (const std::uint32_t number : candidates_) {
      const LiveGroup& live = *state_.groups.get(*state_.group_numbers.get(number));
      if (live.query && has_changed(live)) changed.push_back(number);
    }
    return changed;
  }

  bool was_stale(const Resource& resource) const {
    return resource.stale && !std::ranges::binary_search(restarted_.stale, resource.id.uuid);
  }
  bool went_offline(const Uuid& agent) const {
    return std::ranges::binary_search(restarted_.offline, agent);
  }
  bool was_member(const LiveGroup& live, const Resource& resource) const;
  bool was_member(std::string_view group, const Resource& resource) const {
    const auto uuid = state_.find(EntityKind::Group, group);
    return uuid && was_member(*state_.groups.get(*uuid), resource);
  }
  const State& state() const { return state_; }

 private:
  bool has_changed(const LiveGroup& live) {
    const bool asks_others = index_.dependent().contains(live.group->number);
    for (const auto& [number, known] : state_.classes) {
      if (known.resources.empty() || (!asks_others && !known.traits->stale)) continue;
      const ValueView now(known.traits->document);
      const Truth is = live.query->decide(now, kClassFields);
      const Truth was = live.query->decide(ChangedView(now, kStale, Value(false)), kClassFields);
      if (is == was && is != Truth::Depends) continue;
      for (const Shared<Resource>& resource : known.resources) {
        if (!asks_others && was_stale(*resource)) continue;
        if (tests_left_ == 0) return true;
        --tests_left_;
        if (was_member(live, *resource) != is_member(state_, live, *resource)) return true;
      }
    }
    return false;
  }

  const State& state_;
  const GroupIndex& index_;
  const Restarted& restarted_;
  std::set<std::uint32_t> candidates_;
  std::size_t tests_left_;
};

// A resource as it was before the restart, and so all it refers to.
class PastView final : public DocumentView {
 public:
  // Of the snapshot only those members are read; null: all.
  PastView(const Comparison& comparison, const Resource& resource, const MemberTree* members)
      : comparison_(comparison),
        resource_(resource),
        now_(resource_view(comparison.state(), resource, members)),
        stale_(comparison.was_stale(resource)) {}

  const Value* field(std::string_view name) const override {
    return name == kStale ? &stale_ : now_->field(name);
  }
  void each_name(const VisitName& visit) const override { now_->each_name(visit); }
  bool in_group(std::string_view name) const override {
    return comparison_.was_member(name, resource_);
  }
  const DocumentView* related(Relation relation) const override {
    const Resource& r = resource_;
    if (relation == Relation::Owner) {
      const DocumentView* owner = now_->related(relation);
      if (!owner || !comparison_.went_offline(r.owner->uuid)) return owner;
      relatives_.push_back(std::make_unique<ChangedView>(*owner, kStatus, Value("online")));
      return relatives_.back().get();
    }
    const auto& id = relation == Relation::Parent    ? r.parent
                     : relation == Relation::Cluster ? r.cluster
                                                     : r.host;
    const Shared<Resource>* found = id ? comparison_.state().resources.get(id->uuid) : nullptr;
    if (!found) return nullptr;
    relatives_.push_back(std::make_unique<PastView>(comparison_, **found, nullptr));
    return relatives_.back().get();
  }

 private:
  const Comparison& comparison_;
  const Resource& resource_;
  const std::unique_ptr<DocumentView> now_;
  const Value stale_;
  mutable std::vector<std::unique_ptr<DocumentView>> relatives_;
};

bool Comparison::was_member(const LiveGroup& live, const Resource& resource) const {
  const bool could_change = candidates_.contains(live.group->number);
  if (!could_change || !live.query) return is_member(state_, live, resource);
  if (live.excluded.contains(resource.id.uuid)) return false;
  if (live.included.contains(resource.id.uuid)) return true;
  return live.query->matches(PastView(*this, resource, &index_.snapshot_members()));
}

}  // namespace

GroupNumbers groups_changed(const State& state, const GroupIndex& index, const Restarted& restarted,
                            std::size_t tests_max) {
  if (restarted.empty()) return {};
  return Comparison(state, index, restarted, tests_max).run();
}

}  // namespace storm
