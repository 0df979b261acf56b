#include "core/engine/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/edit_distance.hpp"
#include "core/document/json.hpp"
#include "core/engine/members.hpp"
#include "core/engine/resource_viewer.hpp"

namespace storm {
namespace {

constexpr std::size_t kNamesCompared =
    20'000;  // for "did you mean"; beyond that nothing is suggested

template <typename T>
std::vector<Id> ids_by(EntityKind kind, const Table<T>& table, bool (*before)(const T&, const T&)) {
  std::vector<Shared<T>> items;
  items.reserve(table.size());
  for (const auto& [uuid, item] : table) items.push_back(item);
  std::sort(items.begin(), items.end(),
            [&](const auto& a, const auto& b) { return before(*a, *b); });
  std::vector<Id> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back({kind, item->id.uuid});
  return ids;
}

template <typename T>
bool by_name(const T& a, const T& b) {
  return std::tie(a.name, a.id) < std::tie(b.name, b.id);
}

// Adds the names of what a reference refers to, so that a query finds it by id or name.
Value with_names(const State& state, const Value& reference) {
  if (!reference.is_string()) return reference;
  const auto id = Id::parse(reference.as_string());
  Value::Array forms{reference};
  if (id) {
    for (std::string& name : state.names_of(*id)) forms.emplace_back(std::move(name));
  }
  return forms;
}

// Of everything but resources: small, so it is made whole.
class EntityView final : public DocumentView {
 public:
  EntityView(const State& state, const Id& id) : document_(state.value_of(id)) {
    for (const std::string_view name : {"owner", "target", "group", "procedure"}) {
      if (Value* reference = document_.find(name)) *reference = with_names(state, *reference);
    }
    if (Value* components = document_.find("components")) {
      Value::Array forms;
      for (const Value& item : components->as_array()) {
        const Value form = with_names(state, item);
        forms.insert(forms.end(), form.as_array().begin(), form.as_array().end());
      }
      *components = Value(std::move(forms));
    }
  }
  const Value* field(std::string_view name) const override { return document_.find(name); }
  void each_name(const VisitName& visit) const override { ValueView(document_).each_name(visit); }

 private:
  Value document_;
};

// One value stands for itself, several are found by each of them.
Value one_or_all(std::vector<std::string> texts) {
  if (texts.empty()) return {};
  if (texts.size() == 1) return std::move(texts.front());
  Value::Array items;
  for (std::string& text : texts) items.emplace_back(std::move(text));
  return items;
}

Value reference_forms(const State& state, const std::optional<Id>& id) {
  return id ? with_names(state, id->to_string()) : Value();
}

class ResourceView : public DocumentView {
 public:
  // null: of none yet, to be turned to one.
  ResourceView(const State& state, const Resource* resource, const MemberTree* snapshot_members)
      : state_(state), resource_(resource), snapshot_members_(snapshot_members) {}

  // From now on a view of another resource.
  void turn_to(const Resource& resource) {
    resource_ = &resource;
    traits_.reset();
    for (auto& relative : relatives_) relative.reset();
    for (auto& made : made_) made.reset();
  }

  void each_name(const VisitName& visit) const override {
    for (const std::string_view name :
         {"id", "type", "names", "image", "status", "health", "owner", "parent", "cluster", "host",
          "stale", "revision", "first_seen", "observed_at", "snapshot"}) {
      visit(name);
    }
  }

  const DocumentView* related(Relation relation) const override {
    const auto place = std::ranges::find(kAllRelations, relation) - std::begin(kAllRelations);
    std::unique_ptr<DocumentView>& relative = relatives_.at(static_cast<std::size_t>(place));
    if (!relative) relative = make_relative(relation);
    return relative.get();
  }

  bool in_group(std::string_view reference) const override {
    const auto uuid = state_.find(EntityKind::Group, reference);
    return uuid && is_member(state_, *state_.groups.get(*uuid), *resource_);
  }

  const Value* field(std::string_view name) const override {
    if (is_class_field(name)) {
      if (!traits_) {
        const LiveClass* live = state_.classes.get(resource_->class_number);
        if (live) traits_ = live->traits;
      }
      if (!traits_) {
        ResourceClass made = class_of(*resource_);
        made.document = class_document(state_, made);
        traits_ = std::make_shared<const ResourceClass>(std::move(made));
      }
      return traits_->document.find(name);
    }
    for (std::size_t i = 0; i < kOwnFields.size(); ++i) {
      if (kOwnFields[i] != name) continue;
      if (!made_[i]) made_[i] = make(static_cast<OwnField>(i));
      return &*made_[i];
    }
    return nullptr;
  }

 private:
  enum OwnField {
    kNames,
    kId,
    kParent,
    kCluster,
    kHost,
    kRevision,
    kFirstSeen,
    kObservedAt,
    kSnapshot
  };
  static constexpr std::array<std::string_view, 9> kOwnFields = {
      "names",    "id",         "parent",      "cluster", "host",
      "revision", "first_seen", "observed_at", "snapshot"};

  Value make(OwnField field) const {
    const Resource& r = *resource_;
    switch (field) {
      case kNames: {
        Value::Array names;
        names.reserve(r.names.size());
        for (const std::string_view text : r.names) names.emplace_back(text);
        return names;
      }
      case kId:
        return r.id.to_string();
      case kParent:
        return reference_forms(state_, r.parent);
      case kCluster:
        return reference_forms(state_, r.cluster);
      case kHost:
        return reference_forms(state_, r.host);
      case kRevision:
        return r.revision;
      case kFirstSeen:
        return to_rfc3339(r.first_seen);
      case kObservedAt:
        return to_rfc3339(r.observed_at);
      case kSnapshot:
        break;
    }
    if (!r.snapshot) return {};
    text_.clear();
    r.snapshot.append_to(text_);
    auto parsed = snapshot_members_ ? parse_members(text_, *snapshot_members_) : parse_json(text_);
    return parsed ? std::move(*parsed) : Value();
  }

  // Null when there is none, or it is not there.
  std::unique_ptr<DocumentView> make_relative(Relation relation) const {
    const Resource& r = *resource_;
    if (relation == Relation::Owner) {
      const bool exists = r.owner && state_.exists(*r.owner);
      return exists ? std::make_unique<EntityView>(state_, *r.owner) : nullptr;
    }
    const std::optional<Id>& id = relation == Relation::Parent    ? r.parent
                                  : relation == Relation::Cluster ? r.cluster
                                                                  : r.host;
    const auto* relative = id ? state_.resources.get(id->uuid) : nullptr;
    return relative ? std::make_unique<ResourceView>(state_, relative->get(), nullptr) : nullptr;
  }

  const State& state_;
  const Resource* resource_;
  const MemberTree* const snapshot_members_;
  mutable std::string text_;  // of a snapshot, kept for the next one
  mutable std::array<std::unique_ptr<DocumentView>, std::size(kAllRelations)> relatives_;
  mutable SharedClass traits_;
  mutable std::array<std::optional<Value>, kOwnFields.size()> made_;
};

}  // namespace

class ResourceViewer::View final : public ResourceView {
 public:
  using ResourceView::ResourceView;
};

ResourceViewer::ResourceViewer(const State& state, const MemberTree* snapshot_members)
    : view_(std::make_unique<View>(state, nullptr, snapshot_members)) {}

ResourceViewer::~ResourceViewer() = default;

const DocumentView& ResourceViewer::at(const Resource& resource) {
  view_->turn_to(resource);
  return *view_;
}

NameEntry::NameEntry(EntityKind kind, std::string_view name, const Uuid& of)
    : hash(std::hash<std::string_view>{}(name)*31 + static_cast<std::uint64_t>(kind)), uuid(of) {}

bool ResourceOrder::operator()(const Resource* a, const Resource* b) const {
  if (a == b) return false;
  return std::tie(a->type, a->names, a->id) < std::tie(b->type, b->names, b->id);
}

std::optional<Uuid> State::find(EntityKind kind, std::string_view reference) const {
  if (const auto id = Id::parse(reference); id && id->kind == kind && exists(*id)) return id->uuid;
  std::optional<Uuid> found;
  bool is_one = true;
  each_named(kind, reference, [&](const Uuid& uuid) {
    is_one = !found;
    found = uuid;
    return is_one;
  });
  return is_one ? found : std::nullopt;
}

Result<Uuid> State::require(EntityKind kind, std::string_view reference) const {
  if (const auto found = find(kind, reference)) return *found;
  bool is_known = false;
  each_named(kind, reference, [&](const Uuid&) {
    is_known = true;
    return false;
  });
  if (is_known) {
    return Error{Errc::NotFound,
                 fmt::format("several {}s are named \"{}\"; use an id", name_of(kind), reference)};
  }
  return Error{Errc::NotFound, fmt::format("{} \"{}\" not found", name_of(kind), reference)};
}

bool State::exists(const Id& id) const {
  switch (id.kind) {
    case EntityKind::Agent:
      return agents.contains(id.uuid);
    case EntityKind::Resource:
      return resources.contains(id.uuid);
    case EntityKind::Group:
      return groups.contains(id.uuid);
    case EntityKind::Application:
      return applications.contains(id.uuid);
    case EntityKind::Procedure:
      return procedures.contains(id.uuid);
    case EntityKind::Job:
      return jobs.contains(id.uuid);
    case EntityKind::Subscription:
      return subscriptions.contains(id.uuid);
    case EntityKind::View:
      return views.contains(id.uuid);
  }
  return false;
}

std::shared_ptr<const void> State::object_of(const Id& id) const {
  const auto object = [](const auto* item) {
    return item ? std::shared_ptr<const void>(*item) : std::shared_ptr<const void>();
  };
  switch (id.kind) {
    case EntityKind::Agent:
      return object(agents.get(id.uuid));
    case EntityKind::Resource:
      return object(resources.get(id.uuid));
    case EntityKind::Group: {
      const LiveGroup* live = groups.get(id.uuid);
      return object(live ? &live->group : nullptr);
    }
    case EntityKind::Application:
      return object(applications.get(id.uuid));
    case EntityKind::Procedure:
      return object(procedures.get(id.uuid));
    case EntityKind::Job:
      return object(jobs.get(id.uuid));
    case EntityKind::Subscription:
      return object(subscriptions.get(id.uuid));
    case EntityKind::View: {
      const LiveView* live = views.get(id.uuid);
      return object(live ? &live->view : nullptr);
    }
  }
  return nullptr;
}

std::vector<std::string> State::names_of(const Id& id) const {
  const auto one = [](const auto* item) {
    return item && (*item)->name ? std::vector<std::string>{*(*item)->name}
                                 : std::vector<std::string>();
  };
  switch (id.kind) {
    case EntityKind::Agent:
      return one(agents.get(id.uuid));
    case EntityKind::Resource: {
      const auto* resource = resources.get(id.uuid);
      return resource ? (*resource)->names : std::vector<std::string>();
    }
    case EntityKind::Group: {
      const LiveGroup* live = groups.get(id.uuid);
      return one(live ? &live->group : nullptr);
    }
    case EntityKind::Application:
      return one(applications.get(id.uuid));
    case EntityKind::Procedure:
      return one(procedures.get(id.uuid));
    case EntityKind::View: {
      const LiveView* live = views.get(id.uuid);
      return one(live ? &live->view : nullptr);
    }
    case EntityKind::Job:
    case EntityKind::Subscription:
      return {};
  }
  return {};
}

bool State::is_named(EntityKind kind, const Uuid& uuid, std::string_view name) const {
  if (kind != EntityKind::Resource) return std::ranges::count(names_of({kind, uuid}), name) > 0;
  const auto* resource = resources.get(uuid);
  return resource && std::ranges::count((*resource)->names, name) > 0;
}

void State::each_named(EntityKind kind, std::string_view name,
                       const std::function<bool(const Uuid&)>& visit) const {
  const NameEntry first(kind, name, {});
  for (auto at = names.lower_bound(first); at != names.end() && at->hash == first.hash; ++at) {
    if (is_named(kind, at->uuid, name) && !visit(at->uuid)) return;
  }
}

std::vector<std::string> State::near_names(EntityKind kind, std::string_view reference) const {
  if (count(kind) > kNamesCompared) return {};
  std::vector<std::string> known;
  for (const Id& id : listed(kind)) {
    for (std::string& name : names_of(id)) known.push_back(std::move(name));
  }
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return nearest_words(reference, std::span<const std::string>(known), 3);
}

Value State::value_of(const Id& id) const {
  const auto value = [](const auto* item) { return item ? to_value(**item) : Value(); };
  switch (id.kind) {
    case EntityKind::Agent:
      return value(agents.get(id.uuid));
    case EntityKind::Resource: {
      const auto* resource = resources.get(id.uuid);
      return resource ? to_value_without_snapshot(**resource) : Value();
    }
    case EntityKind::Group: {
      const LiveGroup* live = groups.get(id.uuid);
      return live ? to_value(*live->group) : Value();
    }
    case EntityKind::Application:
      return value(applications.get(id.uuid));
    case EntityKind::Procedure:
      return value(procedures.get(id.uuid));
    case EntityKind::Job:
      return value(jobs.get(id.uuid));
    case EntityKind::Subscription:
      return value(subscriptions.get(id.uuid));
    case EntityKind::View: {
      const LiveView* live = views.get(id.uuid);
      if (!live) return {};
      Value whole = to_value(*live->view);
      whole.add("value", live->tally.value(*live->view));
      return whole;
    }
  }
  return {};
}

std::size_t State::count(EntityKind kind) const {
  switch (kind) {
    case EntityKind::Agent:
      return agents.size();
    case EntityKind::Resource:
      return resources.size();
    case EntityKind::Group:
      return groups.size();
    case EntityKind::Application:
      return applications.size();
    case EntityKind::Procedure:
      return procedures.size();
    case EntityKind::Job:
      return jobs.size();
    case EntityKind::Subscription:
      return subscriptions.size();
    case EntityKind::View:
      return views.size();
  }
  return 0;
}

std::vector<Id> State::listed(EntityKind kind) const {
  switch (kind) {
    case EntityKind::Agent:
      return ids_by<Agent>(kind, agents, by_name<Agent>);
    case EntityKind::Resource: {
      std::vector<Id> ids;
      ids.reserve(resources.size());
      for (const auto& resource : ordered_resources) ids.push_back(resource->id);
      return ids;
    }
    case EntityKind::Group: {
      Table<Group> plain;
      for (const auto& [uuid, live] : groups) plain.put(uuid, live.group);
      return ids_by<Group>(kind, plain, by_name<Group>);
    }
    case EntityKind::Application:
      return ids_by<Application>(kind, applications, by_name<Application>);
    case EntityKind::Procedure:
      return ids_by<Procedure>(kind, procedures, by_name<Procedure>);
    case EntityKind::Job:
      return ids_by<Job>(kind, jobs, [](const Job& a, const Job& b) {
        return std::tie(a.created, a.id) < std::tie(b.created, b.id);
      });
    case EntityKind::Subscription:
      return ids_by<Subscription>(
          kind, subscriptions,
          [](const Subscription& a, const Subscription& b) { return a.id < b.id; });
    case EntityKind::View: {
      Table<View> plain;
      for (const auto& [uuid, live] : views) plain.put(uuid, live.view);
      return ids_by<View>(kind, plain, by_name<View>);
    }
  }
  return {};
}

std::unique_ptr<DocumentView> query_view(const State& state, const Id& id) {
  if (id.kind == EntityKind::Resource) {
    const auto* resource = state.resources.get(id.uuid);
    STORM_ASSERT(resource);
    return resource_view(state, **resource);
  }
  return std::make_unique<EntityView>(state, id);
}

std::unique_ptr<DocumentView> resource_view(const State& state, const Resource& resource,
                                            const MemberTree* snapshot_members) {
  return std::make_unique<ResourceView>(state, &resource, snapshot_members);
}

Value class_document(const State& state, const ResourceClass& traits) {
  return Value(
      Value::Object{{"type", traits.type},
                    {"image", one_or_all(image_aliases(traits.image, traits.image_digest))},
                    {"status", name_of(traits.status)},
                    {"health", name_of(traits.health)},
                    {"stale", traits.stale},
                    {"owner", reference_forms(state, traits.owner)}});
}

}  // namespace storm
