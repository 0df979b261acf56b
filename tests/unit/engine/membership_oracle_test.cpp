// Groups kept live against an oracle: after each of many random changes every group's members are
// compared with those that a plain evaluation of its query over whole documents finds, and with
// those that somebody knows who only follows the events.
// STORM_SEED=N runs one more seed.
#include <map>
#include <set>

#include "core/engine/apply.hpp"
#include "core/engine/event_groups.hpp"
#include "core/engine/resource_search.hpp"
#include "random_world.hpp"

using namespace storm;
using namespace storm::test;

namespace {

// Made by itself from what is told of the resource, not by the views that the engine uses.
Value whole_document(const State& state, const Resource& resource) {
  Value document = to_value_without_snapshot(resource);
  if (const auto aliases = image_aliases(resource.image, resource.image_digest); !aliases.empty()) {
    Value::Array forms(aliases.begin(), aliases.end());
    document.set("image", std::move(forms));
  }
  for (const std::string_view field : {"owner", "parent", "cluster", "host"}) {
    const Value* reference = document.find(field);
    if (!reference->is_string()) continue;
    Value::Array forms{*reference};
    for (const std::string& name : state.names_of(*Id::parse(reference->as_string())))
      forms.emplace_back(name);
    document.set(std::string(field), std::move(forms));
  }
  document.add("snapshot", resource.snapshot ? json(resource.snapshot.text()) : Value());
  return document;
}

// Answers $group and the relations by evaluating from scratch, all the way down.
class WholeView final : public DocumentView {
 public:
  WholeView(const State& state, const OperatorSet& operators, Value document,
            const Resource* resource)
      : state_(state), operators_(operators), document_(std::move(document)), resource_(resource) {}
  const Value* field(std::string_view name) const override { return document_.find(name); }
  const DocumentView* related(Relation relation) const override {
    const Resource& r = *resource_;
    if (relation == Relation::Owner) {
      if (!r.owner || !state_.exists(*r.owner)) return nullptr;
      relatives_.push_back(
          std::make_unique<WholeView>(state_, operators_, state_.value_of(*r.owner), nullptr));
      return relatives_.back().get();
    }
    const auto& id = relation == Relation::Parent    ? r.parent
                     : relation == Relation::Cluster ? r.cluster
                                                     : r.host;
    const auto* found = id ? state_.resources.get(id->uuid) : nullptr;
    if (!found) return nullptr;
    relatives_.push_back(std::make_unique<WholeView>(
        state_, operators_, whole_document(state_, **found), found->get()));
    return relatives_.back().get();
  }
  bool in_group(std::string_view name) const override {
    const auto uuid = state_.find(EntityKind::Group, name);
    return uuid && resource_ && belongs(*state_.groups.get(*uuid)->group);
  }
  bool belongs(const Group& group) const {
    const auto lists = [&](const std::vector<Id>& ids) {
      return std::ranges::find(ids, resource_->id) != ids.end();
    };
    if (lists(group.exclude)) return false;
    if (lists(group.include)) return true;
    return !group.query.as_object().empty() &&
           Query::parse(group.query, operators_)->matches(*this);
  }

 private:
  const State& state_;
  const OperatorSet& operators_;
  Value document_;
  const Resource* resource_;
  mutable std::vector<std::unique_ptr<DocumentView>> relatives_;
};

class Oracle : public RandomWorld {
 public:
  using RandomWorld::RandomWorld;

  void run(int steps) {
    for (int i = 0; i < 12; ++i) put_group();
    for (int step = 0; step < steps; ++step) {
      INFO("step " << step);
      switch (one_of(12)) {
        case 0:
        case 1:
          put_group();
          break;
        case 2:
          change_members("g" + number(15));
          break;
        case 3:
          if (one_of(3) == 0) rename_agent();
          break;
        case 4:
          if (one_of(5) == 0) remove(EntityKind::Group, "g" + number(15));
          break;
        case 5:
          if (one_of(4) == 0) restart();
          break;
        default:
          discover();
      }
      check();
    }
  }

 private:
  std::string condition() {
    switch (one_of(28)) {
      case 0:
        return R"({"type":")" + pick({"swarm-task", "swarm-node"}) + R"("})";
      case 1:
        return R"({"image":")" + pick({"redis:7", "library/redis:7", "a/b:1"}) + R"("})";
      case 2:
        return R"({"image":{"$in":["redis:7","postgres:9"]},"type":"swarm-task"})";
      case 3:
        return R"({"status":{"$ne":"running"}})";
      case 4:
        return R"({"status":")" + pick({"running", "error", "stopped"}) +
               R"(","health":{"$in":["healthy","unknown"]}})";
      case 5:
        return R"({"host":"name-)" + number(8) + R"("})";
      case 6:
        return R"({"parent":{"$exists":true},"health":"healthy"})";
      case 7:
        return R"({"snapshot.n":{"$gt":)" + number(10) + R"(}})";
      case 8:
        return R"({"image":null})";
      case 9:
        return R"({"names":{"$in":[")" + number(25) + R"(","name-7"]}})";
      case 10:
        return R"({"snapshot.n":{"$gte":)" + number(5) + R"(,"$lt":)" + number(9) +
               R"(},"image":"redis:7"})";
      case 11:
        return R"({"owner":")" + pick({"prod", "test", "other"}) + R"("})";
      case 12:
        return R"({"owner":")" + pick({"prod", "test"}) + R"(","snapshot.list":)" + number(4) + "}";
      case 13:
        return R"({"stale":)" + pick({"true", "false"}) + "}";
      case 14:
        return R"({"cluster":{"$ne":null}})";
      case 15:
        return R"({"snapshot.list":{"$elemMatch":{"$gt":1,"$lt":3}}})";
      case 16:
        return R"({"$expr":{"$eq":["$status","$health"]}})";
      case 17:
      case 18:
        return R"({"$group":"g)" + number(15) + R"("})";
      case 19:
        return R"({"$parent":{"status":"running"}})";
      case 20:
        return R"({"$host":{"$parent":{"snapshot.n":{"$lt":6}}}})";
      case 21:
        return R"({"$parent":{"$group":"g)" + number(15) + R"("}})";
      case 22:
        return R"({"$owner":{"name":"prod"},"$cluster":{"health":{"$ne":"healthy"}}})";
      case 23:
        return R"({"$parent":{"stale":)" + pick({"true", "false"}) + "}}";
      case 24:
        return R"({"$owner":{"status":")" + pick({"online", "offline"}) + R"("}})";
      case 25:
        return R"({"stale":false,"snapshot.n":)" + number(10) + "}";
      case 26:
        return R"({"stale":true,"names":{"$in":[")" + number(25) + R"(","name-7"]}})";
      default:
        return R"({"type":"no-such"})";
    }
  }
  std::string query() {
    switch (one_of(6)) {
      case 0:
        return R"({"$or":[)" + condition() + "," + condition() + "]}";
      case 1:
        return R"({"$nor":[)" + condition() + "," + condition() + "]}";
      case 2:
        return R"({"$and":[)" + condition() + "," + condition() + "]}";
      case 3:
        return one_of(4) == 0 ? "{}" : condition();
      default:
        return condition();
    }
  }

  void put_group() {
    const std::string name = "g" + number(15);
    const std::string body = R"({"name":")" + name + R"(","query":)" + query() + "}";
    const auto error = put(EntityKind::Group, name, body);
    if (error) REQUIRE(refused(*error));
  }
  // A group that would ask for itself, or for one that is not there.
  static bool refused(const Error& error) { return faults(error).find("/query: ") == 0; }
  void restart() {
    fixture.restart();
    // What was told before is not lost: the followed members still hold.
    CHECK(fixture.engine->snapshot()->revision >= seen_);
  }
  void discover() {
    RandomWorld::discover([this](DiscoveredResource& item) {
      if (one_of(4) == 0) item.cluster_uid = number(20);
      if (one_of(5) == 0) item.names = {item.uid, "renamed-" + number(5)};
      item.snapshot = PackedText::raw(R"({"n":)" + number(10) + R"(,"list":[)" + number(4) + "," +
                                      number(4) + "]}");
    });
  }

  void check() {
    const Snapshot state = fixture.engine->snapshot();
    follow(*state);
    std::set<Uuid> grouped;
    for (const auto& [uuid, live] : state->groups) {
      INFO("group " << *live.group->name << " " << to_json(live.group->query));
      auto query = Query::parse(live.group->query, fixture.engine->operators());
      REQUIRE(query);
      const bool is_empty = live.group->query.as_object().empty();
      std::set<Uuid> expected, found;
      for (const auto& [resource, item] : state->resources) {
        const WholeView view(*state, fixture.engine->operators(), whole_document(*state, *item),
                             item.get());
        if (view.belongs(*live.group)) {
          expected.insert(resource);
          grouped.insert(resource);
        }
        CHECK(is_member(*state, live, *item) == expected.contains(resource));
      }
      each_member(*state, live, [&](const Shared<Resource>& member) {
        return found.insert(member->id.uuid).second;
      });
      REQUIRE(found == expected);
      REQUIRE(member_count(*state, live) == expected.size());
      REQUIRE(members_in_order(*state, live).size() == expected.size());
      REQUIRE(followed_[uuid] == expected);
      if (is_empty) continue;
      std::set<Uuid> searched, matching;
      for (const auto& resource : ResourceSearch::all(*state, *query))
        searched.insert(resource->id.uuid);
      for (const auto& [resource, item] : state->resources) {
        const WholeView view(*state, fixture.engine->operators(), whole_document(*state, *item),
                             item.get());
        if (query->matches(view)) matching.insert(resource);
      }
      REQUIRE(searched == matching);
    }
    REQUIRE(grouped_count(*state) == grouped.size());
    for (const auto& [resource, item] : state->resources)
      REQUIRE((groups_of(*state, *item) != nullptr) == grouped.contains(resource));
  }

  // Who follows the events knows the members without asking.
  void follow(const State& state) {
    std::set<Uuid> relisted;  // only a restart does so here
    for (auto at = state.events.lower_bound(seen_ + 1); at != state.events.end(); ++at) {
      const Event& event = *at->second;
      const GroupChanges changes = group_changes(state, event);
      for (const Uuid& group : changes.joined)
        REQUIRE(followed_[group].insert(event.entity.uuid).second);
      for (const Uuid& group : changes.left)
        REQUIRE(followed_[group].erase(event.entity.uuid) == 1);
      for (const Uuid& group : changes.updated)
        REQUIRE(followed_[group].contains(event.entity.uuid));
      for (const MemberMove& move : changes.moves) {
        std::set<Uuid>& members = followed_[*group_of_number(state, move.group)];
        if (move.joined) {
          REQUIRE(members.insert(move.resource).second);
        } else {
          REQUIRE(members.erase(move.resource) == 1);
        }
      }
      relisted.insert(changes.relisted.begin(), changes.relisted.end());
    }
    seen_ = state.revision;
    for (const Uuid& group : relisted) {
      std::set<Uuid> members;
      each_member(state, *state.groups.get(group), [&](const Shared<Resource>& member) {
        return members.insert(member->id.uuid).second;
      });
      CHECK(members != followed_[group]);
      followed_[group] = std::move(members);
    }
  }

  std::map<Uuid, std::set<Uuid>> followed_;
  std::uint64_t seen_ = 0;
};

}  // namespace

TEST_CASE("groups: memberships equal those of a naive evaluation after random changes",
          "[engine]") {
  for_seeds({11, 12, 13, 27192, 62786056}, [](unsigned seed) { Oracle(seed).run(60); });
}
