#include "core/engine/apply.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/engine/live_views.hpp"
#include "core/engine/resource_search.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

// Groups that ask for groups that ask for groups.
constexpr std::size_t kGroupNestingMax = 8;
// How often the heartbeat of a plugin instance of this stormd is noted.
constexpr std::int64_t kLocalHeartbeat = 30 * kNanosecondsPerSecond;

class Handler {
 public:
  explicit Handler(ApplyContext& context)
      : context_(context), change_(context.change), state_(context.change.state()) {}

  Result<Id> operator()(const CreateEntity& command) {
    return write(command.kind, Id::random(command.kind), command.body, false, false);
  }

  Result<Id> operator()(const ReplaceEntity& command) {
    const Uuid uuid = STORM_TRY(state_.require(command.kind, command.reference));
    STORM_TRY(expect_object({command.kind, uuid}, command.expected));
    return write(command.kind, {command.kind, uuid}, command.body, true, command.merge);
  }

  Result<Id> operator()(const DeleteEntity& command) {
    const Uuid uuid = STORM_TRY(state_.require(command.kind, command.reference));
    const Id id{command.kind, uuid};
    STORM_TRY(expect_object(id, command.expected));
    change_.remove(id);
    if (id.kind == EntityKind::Agent) {
      std::erase_if(context_.listings,
                    [&](const auto& entry) { return entry.first.first == uuid; });
    }
    return id;
  }

  Result<Id> operator()(const ChangeMembers& command) {
    const Uuid uuid = STORM_TRY(state_.require(EntityKind::Group, command.group));
    const LiveGroup live = *state_.groups.get(uuid);
    FieldReader fields(command.body, problems_);
    const auto include = fields.text_list("include", Presence::Optional);
    const auto exclude = fields.text_list("exclude", Presence::Optional);
    fields.refuse_misspelled(std::vector<std::string_view>{"include", "exclude"});
    const std::vector<Id> in = resolve_list(include, EntityKind::Resource, "/include");
    const std::vector<Id> out = resolve_list(exclude, EntityKind::Resource, "/exclude");
    STORM_TRY(verdict());
    Group group = *live.group;
    const auto move_to = [](std::vector<Id>& to, std::vector<Id>& from,
                            const std::vector<Id>& moved) {
      const std::set<Id> ids(moved.begin(), moved.end());
      std::erase_if(from, [&](const Id& id) { return ids.contains(id); });
      const std::set<Id> there(to.begin(), to.end());
      for (const Id& id : moved) {
        if (!there.contains(id)) to.push_back(id);
      }
    };
    move_to(group.include, group.exclude, in);
    move_to(group.exclude, group.include, out);
    put_group(std::move(group), live.query);
    return Id{EntityKind::Group, uuid};
  }

  Result<Id> operator()(const Heartbeat& command) {
    const Uuid uuid = STORM_TRY(state_.require(EntityKind::Agent, command.agent));
    Agent agent = **state_.agents.get(uuid);
    const bool was_online = agent.online;
    hear(agent);
    agent.online = true;
    change_.put(std::move(agent), was_online);
    return Id{EntityKind::Agent, uuid};
  }

  Result<Id> operator()(const ChangeJob& command) {
    const Uuid uuid = STORM_TRY(state_.require(EntityKind::Job, command.job));
    Job job = **state_.jobs.get(uuid);
    FieldReader fields(command.body, problems_);
    if (command.action == ChangeJob::Action::Handle) {
      const Reference owner = fields.reference("owner", Presence::Required);
      if (owner.text) job.owner = resolve(owner, EntityKind::Agent, "owner");
      STORM_TRY(verdict());
      if (!(*state_.agents.get(job.owner->uuid))->online) {
        fields.refuse("owner", "This agent is offline.");
        STORM_TRY(verdict());
      }
      STORM_TRY(expect(**state_.jobs.get(uuid), JobStatus::Pending));
      job.status = JobStatus::Running;
    } else {
      STORM_TRY(verdict());
      STORM_TRY(expect(job, JobStatus::Running));
      if (const Value* result = command.body.find("result")) job.result = *result;
      job.status =
          command.action == ChangeJob::Action::Complete ? JobStatus::Done : JobStatus::Error;
    }
    change_.put(std::move(job));
    return Id{EntityKind::Job, uuid};
  }

  Result<Id> operator()(const ExecuteProcedure& command) {
    const Uuid uuid = STORM_TRY(state_.require(EntityKind::Procedure, command.procedure));
    const Procedure& procedure = **state_.procedures.get(uuid);
    FieldReader fields(command.body, problems_);
    Job job;
    job.id = Id::random(EntityKind::Job);
    job.type = procedure.type;
    job.procedure = procedure.id;
    job.target = resolve(fields.reference("target"), EntityKind::Resource, "target");
    job.content = procedure.content;
    job.options = merged(procedure.options, fields.object("options", Presence::Optional));
    job.params = merged(procedure.params, fields.object("params", Presence::Optional));
    job.created = change_.now();
    fields.refuse_misspelled(std::vector<std::string_view>{"target", "options", "params"});
    STORM_TRY(verdict());
    const Id id = job.id;
    change_.put(std::move(job));
    return id;
  }

  Result<Id> operator()(const AttachProcedure& command) {
    const Uuid uuid = STORM_TRY(state_.require(EntityKind::Procedure, command.procedure));
    Value body = command.body;
    if (body.is_object()) body.set("procedure", Id{EntityKind::Procedure, uuid}.to_string());
    return write(EntityKind::Subscription, Id::random(EntityKind::Subscription), body, false,
                 false);
  }

  Result<Id> operator()(const RegisterAgent& command) {
    Agent agent;
    if (const auto known = state_.find(EntityKind::Agent, command.name)) {
      agent = **state_.agents.get(*known);
    } else {
      agent.id = Id{EntityKind::Agent, Uuid::from_names("agent", command.name)};
      if (state_.exists(agent.id)) agent.id = Id::random(EntityKind::Agent);
    }
    agent.type = command.type;
    agent.name = command.name;
    agent.options = command.options;
    agent.online = true;
    agent.is_local = true;
    hear(agent);
    agent.source = SourceReport{};
    const Id id = agent.id;
    change_.put(std::move(agent));
    return id;
  }

  Result<Id> operator()(const RetireAgent& command) {
    const auto* known = state_.agents.get(command.agent.uuid);
    if (!known) return gone(command.agent);
    Agent agent = **known;
    agent.online = false;
    agent.is_local = false;
    agent.source.reset();
    change_.put(std::move(agent));
    mark_stale(command.agent, nullptr);
    return command.agent;
  }

  Result<Id> operator()(const ReportSource& command) {
    const auto* known = state_.agents.get(command.agent.uuid);
    if (!known) return gone(command.agent);
    if ((*known)->source == command.report) return command.agent;
    Agent agent = **known;
    agent.source = command.report;
    change_.put(std::move(agent));
    return command.agent;
  }

  Result<Id> operator()(const Discover& command) {
    if (!state_.agents.contains(command.agent.uuid)) return gone(command.agent);
    const DiscoveryBatch& batch = command.batch;
    const auto key = std::make_pair(command.agent.uuid, batch.scope);
    if (batch.sync_begin) STORM_TRY(expect_room(key));
    if (batch.sync_begin) context_.listings[key] = Listing{batch.epoch, {}};
    const auto found = context_.listings.find(key);
    Listing* listing = found != context_.listings.end() && found->second.epoch == batch.epoch
                           ? &found->second
                           : nullptr;
    if (batch.stale) mark_stale(command.agent, &batch.scope);
    const bool known_ids = command.ids.size() == batch.upserts.size();
    const std::vector<ResourceIds> found_ids =
        known_ids ? std::vector<ResourceIds>() : resource_ids(command.agent, batch);
    for (std::size_t i = 0; i < batch.upserts.size(); ++i) {
      const ResourceIds& ids = known_ids ? command.ids[i] : found_ids[i];
      if (listing) listing->seen.insert_or_assign(ids.id.uuid);
      discover(command.agent, batch.scope, ids, batch.upserts[i]);
    }
    for (const std::string& uid : batch.removals) {
      const Id id = resource_id(command.agent, uid);
      if (listing) listing->seen.erase(id.uuid);
      if (state_.exists(id)) change_.remove(id);
    }
    if (batch.sync_end && listing) {
      prune(command.agent, batch.scope, listing->seen);
      context_.listings.erase(key);
    }
    return command.agent;
  }

  void expire_agents() {
    std::vector<Shared<Agent>> agents;
    for (const auto& [uuid, agent] : state_.agents) agents.push_back(agent);
    for (const Shared<Agent>& known : agents) {
      if (!known->online) continue;
      const std::int64_t silent = context_.mono_now - std::max(known->heard, context_.alive_since);
      Agent agent = *known;
      if (agent.is_local && silent > kLocalHeartbeat) {
        hear(agent);
        change_.put(std::move(agent), true);
      } else if (!agent.is_local && silent > kAgentTimeout) {
        agent.online = false;
        change_.put(std::move(agent));
        mark_stale(known->id, nullptr);
      }
    }
  }

 private:
  void hear(Agent& agent) const {
    agent.heartbeat = change_.now();
    agent.heard = context_.mono_now;
  }

  Result<void> verdict() {
    if (problems_.empty()) return {};
    return invalid(std::move(problems_));
  }

  static Error gone(const Id& agent) {
    return {Errc::NotFound, fmt::format("agent {} is gone", agent.to_string())};
  }

  static Result<void> expect(const Job& job, JobStatus status) {
    if (job.status == status) return {};
    return Error{Errc::Conflict,
                 fmt::format("the job is {}, not {}", name_of(job.status), name_of(status))};
  }

  // For one more listing of that agent and scope.
  Result<void> expect_room(const Listings::key_type& key) {
    if (context_.listings.contains(key)) return {};
    auto at = context_.listings.lower_bound({key.first, {}});
    std::size_t open = 0;
    for (; at != context_.listings.end() && at->first.first == key.first; ++at) ++open;
    if (open < kListingsMax) return {};
    return Error{Errc::Conflict,
                 fmt::format("the agent has begun listings of {} scopes; complete one of them "
                             "(sync_end) before another begins",
                             open)};
  }

  Result<void> expect_object(const Id& id, const std::shared_ptr<const void>& expected) {
    if (!expected || state_.object_of(id) == expected) return {};
    return Error{Errc::PreconditionFailed,
                 fmt::format("the {} was changed meanwhile", name_of(id.kind))};
  }

  static Value merged(Value base, const std::optional<Value>& over) {
    if (over) {
      for (const auto& [name, value] : over->as_object()) base.set(name, value);
    }
    return base;
  }

  std::optional<Id> resolve(const Reference& reference, EntityKind kind, std::string_view field) {
    if (!reference.text) return std::nullopt;
    if (const auto uuid = state_.find(kind, *reference.text)) return Id{kind, *uuid};
    problems_.push_back({pointer_join("", field), no_such_document(*reference.text)});
    return std::nullopt;
  }

  std::vector<Id> resolve_list(const std::optional<std::vector<std::string>>& texts,
                               EntityKind kind, std::string_view pointer) {
    std::vector<Id> ids;
    if (!texts) return ids;
    std::set<Uuid> known;
    for (std::size_t i = 0; i < texts->size(); ++i) {
      const auto uuid = state_.find(kind, (*texts)[i]);
      if (!uuid) {
        problems_.push_back({pointer_join(pointer, i), no_such_document((*texts)[i])});
      } else if (known.insert(*uuid).second) {
        ids.push_back({kind, *uuid});
      }
    }
    return ids;
  }

  void check_name(const Id& id, const std::optional<std::string>& name) {
    if (!name) return;
    bool is_taken = false;
    state_.each_named(id.kind, *name, [&](const Uuid& uuid) {
      is_taken = uuid != id.uuid;
      return !is_taken;
    });
    if (is_taken) problems_.push_back({"/name", std::string(kNotUnique)});
  }

  Result<Id> write(EntityKind kind, const Id& id, const Value& body, bool exists, bool merge) {
    switch (kind) {
      case EntityKind::Agent:
        return write_agent(id, body, exists, merge);
      case EntityKind::Resource:
        return write_resource(id, body, exists, merge);
      case EntityKind::Group:
        return write_group(id, body, exists, merge);
      case EntityKind::Application:
        return write_application(id, body, exists, merge);
      case EntityKind::Procedure:
        return write_procedure(id, body, merge);
      case EntityKind::Job:
        return write_job(id, body, exists, merge);
      case EntityKind::Subscription:
        return write_subscription(id, body, exists, merge);
      case EntityKind::View:
        return write_view(id, body, exists, merge);
    }
    return Error{Errc::Internal, "unknown collection"};
  }

  Result<Id> write_agent(const Id& id, const Value& body, bool exists, bool merge) {
    const auto* known = state_.agents.get(id.uuid);
    Agent agent = read_agent(body, merge ? known->get() : nullptr, problems_);
    check_name(id, agent.name);
    STORM_TRY(verdict());
    agent.id = id;
    if (exists) {
      agent.is_local = (*known)->is_local;
      agent.source = (*known)->source;
    }
    hear(agent);
    agent.online = true;
    change_.put(std::move(agent));
    return id;
  }

  Result<Id> write_resource(const Id& id, const Value& body, bool exists, bool merge) {
    const auto* known = state_.resources.get(id.uuid);
    ResourceDraft draft = read_resource(body, merge ? known->get() : nullptr, problems_);
    Resource& resource = draft.resource;
    const auto take = [&](const Reference& reference, EntityKind kind, std::string_view field,
                          auto& to) {
      if (reference.given) to = resolve(reference, kind, field);
    };
    take(draft.owner, EntityKind::Agent, "owner", resource.owner);
    take(draft.parent, EntityKind::Resource, "parent", resource.parent);
    take(draft.cluster, EntityKind::Resource, "cluster", resource.cluster);
    take(draft.host, EntityKind::Resource, "host", resource.host);
    STORM_TRY(verdict());
    resource.id = id;
    if (resource.snapshot && !resource.snapshot.is_packed()) {
      const std::string_view text = resource.snapshot.bytes();
      const auto redacted = context_.redactor.redact(text);
      resource.snapshot = context_.packer.pack_only(redacted ? *redacted : text);
    }
    resource.first_seen = exists ? (*known)->first_seen : change_.now();
    resource.observed_at = change_.now();
    if (exists) {
      resource.uid = (*known)->uid;
      resource.scope = (*known)->scope;
    }
    change_.put(std::move(resource));
    return id;
  }

  Result<Id> write_group(const Id& id, const Value& body, bool exists, bool merge) {
    const LiveGroup* known = state_.groups.get(id.uuid);
    GroupDraft draft = read_group(body, merge ? known->group.get() : nullptr, problems_);
    Group& group = draft.group;
    if (draft.include)
      group.include = resolve_list(draft.include, EntityKind::Resource, "/include");
    if (draft.exclude)
      group.exclude = resolve_list(draft.exclude, EntityKind::Resource, "/exclude");
    check_name(id, group.name);
    std::optional<Query> query = compile(group.query);
    if (query) check_nesting(id, group.name, *query);
    if (query && !(exists && known->group->query == group.query)) check_cost(*query);
    if (exists) check_services(id, group);
    STORM_TRY(verdict());
    group.id = id;
    put_group(std::move(group), std::move(query));
    return id;
  }

  void check_cost(const Query& query) {
    const std::size_t most = context_.group_tests_max;
    if (state_.resources.size() <= most) return;
    const std::size_t tests = ResourceSearch(state_, query).tests();
    if (tests <= most) return;
    problems_.push_back(
        {"/query",
         fmt::format("The query would have to be tested on {} resources one by one; the ceiling is "
                     "{} (limits.group_tests in stormd's configuration). Ask for a type, an image, "
                     "a status, a health or an owner as well, or for names, a parent, a cluster or "
                     "a host.",
                     tests, most)});
  }

  void put_group(Group group, std::optional<Query> query) {
    const auto& prepared = context_.prepared.matches;
    const bool fits = prepared && prepared->filter == group.query;
    change_.put(std::move(group), std::move(query), fits ? &prepared->matches : nullptr);
  }

  // Nothing for an empty one, and for one with a fault, which is noted.
  std::optional<Query> compile(const Value& filter) {
    if (filter.as_object().empty()) return std::nullopt;
    auto compiled = Query::parse(filter, context_.operators);
    if (compiled) return std::move(*compiled);
    if (compiled.error().problems.empty()) {
      problems_.push_back({"/query", compiled.error().message});
    }
    for (const Problem& problem : compiled.error().problems) {
      problems_.push_back({"/query" + problem.pointer, problem.message});
    }
    return std::nullopt;
  }

  // The groups that a query asks for must be there, and not ask for this one in turn.
  void check_nesting(const Id& id, const std::optional<std::string>& name, const Query& query) {
    std::vector<std::string> way = {name.value_or(id.to_string())};
    const std::function<void(const Query&)> follow = [&](const Query& asking) {
      for (const std::string& reference : asking.groups()) {
        const bool is_self = reference == id.to_string() || (name && reference == *name);
        const auto uuid = state_.find(EntityKind::Group, reference);
        way.push_back(reference);
        if (is_self || (uuid && *uuid == id.uuid)) {
          problems_.push_back({"/query", fmt::format("The group would ask for its own members: {}.",
                                                     fmt::join(way, " -> "))});
        } else if (!uuid && way.size() == 2) {
          problems_.push_back({"/query", fmt::format("$group: {}", no_such_document(reference))});
        } else if (way.size() > kGroupNestingMax) {
          problems_.push_back(
              {"/query", fmt::format("Groups ask for each other more than {} deep: {}.",
                                     kGroupNestingMax, fmt::join(way, " -> "))});
        } else if (uuid && state_.groups.get(*uuid)->query) {
          follow(*state_.groups.get(*uuid)->query);
        }
        way.pop_back();
        if (!problems_.empty()) return;
      }
    };
    follow(query);
  }

  // A service that an application uses cannot be taken away.
  void check_services(const Id& id, const Group& group) {
    for (const auto& [uuid, application] : state_.applications) {
      const auto check = [&](const Id& component, const std::string& service) {
        if (component != id || group.find_service(service)) return;
        problems_.push_back(
            {"/services", fmt::format("Service \"{}\" is used by application \"{}\".", service,
                                      application->name.value_or(application->id.to_string()))});
      };
      for (const Link& link : application->links) check(link.to_component, link.to_service);
      for (const Exposure& exposure : application->expose)
        check(exposure.component, exposure.service);
    }
  }

  Result<Id> write_application(const Id& id, const Value& body, bool exists, bool merge) {
    const auto* known = state_.applications.get(id.uuid);
    ApplicationDraft draft = read_application(body, merge ? known->get() : nullptr, problems_);
    Application& application = draft.application;
    if (draft.components) {
      application.components.clear();
      for (const auto& item : *draft.components) {
        const auto group = find_group(item.group, item.pointer);
        if (group && std::find(application.components.begin(), application.components.end(),
                               *group) == application.components.end()) {
          application.components.push_back(*group);
        }
      }
    }
    if (draft.links) application.links.clear();
    if (draft.links) {
      for (const auto& item : *draft.links) {
        const auto from = find_component(application, item.from, item.pointer);
        const auto to = find_component(application, item.to, item.pointer);
        if (!from || !to || !check_service(*to, item.to, item.service, item.pointer)) continue;
        Link link{*from, *to, item.service};
        if (std::find(application.links.begin(), application.links.end(), link) ==
            application.links.end()) {
          application.links.push_back(std::move(link));
        }
      }
    }
    if (draft.expose) {
      application.expose.clear();
      for (const auto& item : *draft.expose) {
        const auto component = find_component(application, item.component, item.pointer);
        if (!component || !check_service(*component, item.component, item.service, item.pointer))
          continue;
        Exposure exposure{*component, item.service};
        if (std::find(application.expose.begin(), application.expose.end(), exposure) ==
            application.expose.end()) {
          application.expose.push_back(std::move(exposure));
        }
      }
    }
    // What stayed must still fit the components that are new.
    const auto is_component = [&](const Id& group) {
      return std::find(application.components.begin(), application.components.end(), group) !=
             application.components.end();
    };
    if (exists && draft.components && !draft.expose) {
      std::erase_if(application.expose,
                    [&](const Exposure& exposure) { return !is_component(exposure.component); });
    }
    check_name(id, application.name);
    STORM_TRY(verdict());
    application.id = id;
    change_.put(std::move(application));
    return id;
  }

  std::optional<Id> find_group(const std::string& reference, const std::string& pointer) {
    if (const auto uuid = state_.find(EntityKind::Group, reference))
      return Id{EntityKind::Group, *uuid};
    problems_.push_back({pointer, no_such_document(reference)});
    return std::nullopt;
  }

  std::optional<Id> find_component(const Application& application, const std::string& reference,
                                   const std::string& pointer) {
    const auto uuid = state_.find(EntityKind::Group, reference);
    const Id id{EntityKind::Group, uuid.value_or(Uuid{})};
    const auto& components = application.components;
    if (uuid && std::find(components.begin(), components.end(), id) != components.end()) return id;
    std::string message =
        uuid ? fmt::format("\"{}\" is not a component of this application.", reference)
             : no_such_document(reference);
    const bool said = std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
      return problem.pointer == pointer && problem.message == message;
    });
    if (!said) problems_.push_back({pointer, std::move(message)});
    return std::nullopt;
  }

  bool check_service(const Id& group, const std::string& group_name, const std::string& service,
                     const std::string& pointer) {
    const Group& known = *state_.groups.get(group.uuid)->group;
    if (known.find_service(service)) return true;
    std::string offered;
    for (const Service& item : known.services) offered += (offered.empty() ? "" : ", ") + item.name;
    problems_.push_back(
        {pointer, fmt::format("group \"{}\" has no service \"{}\"; it has {}", group_name, service,
                              offered.empty() ? "none" : offered)});
    return false;
  }

  Result<Id> write_procedure(const Id& id, const Value& body, bool merge) {
    const auto* known = state_.procedures.get(id.uuid);
    Procedure procedure = read_procedure(body, merge ? known->get() : nullptr, problems_);
    check_name(id, procedure.name);
    STORM_TRY(verdict());
    procedure.id = id;
    change_.put(std::move(procedure));
    return id;
  }

  Result<Id> write_job(const Id& id, const Value& body, bool exists, bool merge) {
    const auto* known = state_.jobs.get(id.uuid);
    JobDraft draft = read_job(body, merge ? known->get() : nullptr, problems_);
    Job& job = draft.job;
    if (draft.owner.given) job.owner = resolve(draft.owner, EntityKind::Agent, "owner");
    if (draft.target.given) job.target = resolve(draft.target, EntityKind::Resource, "target");
    if (draft.procedure.given)
      job.procedure = resolve(draft.procedure, EntityKind::Procedure, "procedure");
    STORM_TRY(verdict());
    job.id = id;
    job.created = exists ? (*known)->created : change_.now();
    change_.put(std::move(job));
    return id;
  }

  Result<Id> write_subscription(const Id& id, const Value& body, bool exists, bool merge) {
    const auto* known = state_.subscriptions.get(id.uuid);
    SubscriptionDraft draft =
        read_subscription(body, merge && exists ? known->get() : nullptr, problems_);
    Subscription& subscription = draft.subscription;
    if (draft.group.given) subscription.group = resolve(draft.group, EntityKind::Group, "group");
    if (draft.procedure.given) {
      subscription.procedure = resolve(draft.procedure, EntityKind::Procedure, "procedure");
    }
    if (draft.target.given)
      subscription.target = resolve(draft.target, EntityKind::Resource, "target");
    STORM_TRY(verdict());
    subscription.id = id;
    change_.put(std::move(subscription));
    return id;
  }

  Result<Id> write_view(const Id& id, const Value& body, bool exists, bool merge) {
    const LiveView* known = state_.views.get(id.uuid);
    ViewDraft draft = read_view(body, merge && exists ? known->view.get() : nullptr, problems_);
    View& view = draft.view;
    if (draft.group.given) view.group = resolve(draft.group, EntityKind::Group, "group");
    check_name(id, view.name);
    std::optional<Query> query = compile(view.query);
    if (view.group && !view.query.as_object().empty())
      problems_.push_back({"/query", "A view is over a group or a query, not both."});
    if (query) {
      if (std::string refusal = refusal_of_view_query(*query); !refusal.empty())
        problems_.push_back({"/query", std::move(refusal)});
    }
    STORM_TRY(verdict());
    if (!exists && state_.views.size() >= kViewsMax) {
      return Error{Errc::Conflict,
                   fmt::format("There are {} views already, and no more can be.", kViewsMax)};
    }
    view.id = id;
    const auto& prepared = context_.prepared.view;
    const bool fits = prepared && prepared->fits(view);
    change_.put(std::move(view), std::move(query), fits ? &prepared->tally : nullptr);
    return id;
  }

  void discover(const Id& agent, const std::string& scope, const ResourceIds& ids,
                const DiscoveredResource& item) {
    const auto* found = state_.resources.get(ids.id.uuid);
    const Shared<Resource> known = found ? *found : nullptr;
    if (known && !known->stale && item.provider_revision < known->provider_revision &&
        item.provider_revision != 0) {
      return;  // an answer that was overtaken
    }
    Resource resource;
    resource.id = ids.id;
    resource.type = context_.texts.intern(item.type);
    resource.names = item.names;
    resource.owner = agent;
    resource.parent = ids.parent;
    resource.cluster = ids.cluster;
    resource.host = ids.host;
    resource.image = context_.texts.intern(item.image);
    resource.image_digest = context_.texts.intern(item.image_digest);
    resource.status = item.status;
    resource.health = item.health;
    resource.snapshot = item.snapshot;
    resource.first_seen = known ? known->first_seen : change_.now();
    resource.observed_at = item.observed_at ? item.observed_at : change_.now();
    resource.stale = item.stale;
    resource.uid = item.uid;
    resource.scope = context_.texts.intern(scope);
    resource.provider_revision = item.provider_revision;
    if (known && same_content(*known, resource)) return;
    change_.put(std::move(resource));
  }

  // `scope` nullptr: all of the agent's.
  void mark_stale(const Id& agent, const std::string* scope) {
    std::vector<Shared<Resource>> doubtful;
    for (const auto& [uuid, resource] : state_.resources) {
      if (resource->owner == agent && !resource->stale && !resource->uid.empty() &&
          (!scope || resource->scope == *scope)) {
        doubtful.push_back(resource);
      }
    }
    for (const Shared<Resource>& known : doubtful) {
      Resource resource = *known;
      resource.stale = true;
      change_.put(std::move(resource));
    }
  }

  // What a complete listing did not mention is gone.
  void prune(const Id& agent, const std::string& scope, const PersistentSet<Uuid>& seen) {
    std::vector<Id> gone;
    for (const auto& [uuid, resource] : state_.resources) {
      if (resource->owner == agent && resource->scope == scope && !resource->uid.empty() &&
          !seen.contains(uuid)) {
        gone.push_back(resource->id);
      }
    }
    for (const Id& id : gone) {
      if (state_.exists(id)) change_.remove(id);
    }
  }

  ApplyContext& context_;
  Change& change_;
  const State& state_;
  std::vector<Problem> problems_;
};

}  // namespace

Result<Id> apply(const Command& command, ApplyContext& context) {
  Result<Id> made = std::visit(Handler(context), command);
  context.change.finish();
  return made;
}

void expire_agents(ApplyContext& context) {
  Handler(context).expire_agents();
  context.change.finish();
}

bool is_durable(const Command& command) {
  return !std::holds_alternative<Heartbeat>(command) &&
         !std::holds_alternative<RetireAgent>(command) &&
         !std::holds_alternative<ReportSource>(command) &&
         !std::holds_alternative<Discover>(command);
}

Id resource_id(const Id& agent, const std::string& uid) {
  return {EntityKind::Resource, Uuid::from_names(agent.to_string(), uid)};
}

std::vector<ResourceIds> resource_ids(const Id& agent, const DiscoveryBatch& batch) {
  const std::string space = agent.to_string();
  // Many in a row have the same relatives.
  struct Last {
    const std::string* uid = nullptr;
    Id id;
  };
  const auto relative = [&](const std::string& uid, Last& last) -> std::optional<Id> {
    if (uid.empty()) return std::nullopt;
    if (!last.uid || *last.uid != uid) {
      last = {&uid, {EntityKind::Resource, Uuid::from_names(space, uid)}};
    }
    return last.id;
  };
  Last parent, cluster, host;
  std::vector<ResourceIds> ids;
  ids.reserve(batch.upserts.size());
  for (const DiscoveredResource& item : batch.upserts) {
    ids.push_back({{EntityKind::Resource, Uuid::from_names(space, item.uid)},
                   relative(item.parent_uid, parent),
                   relative(item.cluster_uid, cluster),
                   relative(item.host_uid, host)});
  }
  return ids;
}

}  // namespace storm
