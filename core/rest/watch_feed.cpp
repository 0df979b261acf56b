#include "core/rest/watch_feed.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <tuple>

namespace storm::rest {
namespace {

namespace asio = boost::asio;
using Kind = WatchSelector::Kind;

}  // namespace

WatchFeed::WatchFeed(asio::io_context& io, const Engine& engine,
                     std::weak_ptr<Connections> connections)
    : engine_(engine), connections_(std::move(connections)), executor_(io.get_executor()) {}

void WatchFeed::notify() {
  if (member_count_ == 0 || round_pending_.exchange(true)) return;
  const auto gate = connections_.lock();
  if (!gate) return;
  gate->post(executor_, [self = shared_from_this()] { self->round(); });
}

void WatchFeed::admit(std::shared_ptr<Watcher> watcher, std::vector<SelectorPtr> selectors,
                      std::uint64_t after) {
  asio::post(executor_, [self = shared_from_this(), watcher = std::move(watcher),
                         selectors = std::move(selectors), after]() mutable {
    if (self->members_.empty()) {
      // Nobody was told anything for a while: the first one says where to begin.
      self->position_ = after;
      self->insert(std::move(watcher), std::move(selectors), after);
      return self->round();
    }
    const std::uint64_t position = self->position_;
    if (after >= position) {
      self->insert(std::move(watcher), std::move(selectors), after);
    } else if (self->catch_up(watcher, selectors, after)) {
      self->insert(std::move(watcher), std::move(selectors), position);
    }
    self->wake_told();
  });
}

// The few events that came while it was on its way here.
bool WatchFeed::catch_up(const std::shared_ptr<Watcher>& watcher,
                         const std::vector<SelectorPtr>& selectors, std::uint64_t after) {
  const Snapshot state = engine_.snapshot();
  if (position_ - after > kWatchCatchUpMax || state->events.empty() ||
      state->events.begin()->first > after + 1) {
    watcher->fall_behind(after);
    to_wake_.push_back(watcher);
    return false;
  }
  Member guest{watcher, selectors, after};
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < guest.selectors.size(); ++i) {
    entries.push_back({&guest, guest.selectors[i].get(), i});
  }
  for (auto event = state->events.lower_bound(after + 1);
       event != state->events.end() && event->first <= position_; ++event) {
    if (std::ranges::any_of(selectors, [&](const SelectorPtr& selector) {
          return bound_by(selector, *event->second) != selector ||
                 unbound_by(selector, *event->second) != selector;
        })) {
      watcher->fall_behind(event->first - 1);
      to_wake_.push_back(watcher);
      return false;
    }
    WatchEvent told(state, event->second);
    deliver(told, entries);
    if (!guest.watcher) return false;  // full already
  }
  return true;
}

void WatchFeed::release(std::shared_ptr<Watcher> watcher) {
  asio::post(executor_, [self = shared_from_this(), watcher = std::move(watcher)] {
    const auto found = self->members_.find(watcher.get());
    if (found == self->members_.end()) return;  // it reads by itself already
    const std::uint64_t after = std::max(found->second->after, self->position_.load());
    self->erase(watcher.get());
    watcher->fall_behind(after);
    watcher->wake();
  });
}

void WatchFeed::leave(std::shared_ptr<Watcher> watcher) {
  asio::post(executor_, [self = shared_from_this(), watcher = std::move(watcher)] {
    self->erase(watcher.get());
  });
}

bool WatchFeed::has_room_for_queries() const { return query_count_ < kWatchQueriesMax; }

void WatchFeed::clear() {
  members_.clear();
  all_.clear();
  groups_.clear();
  awaited_.clear();
  resources_.clear();
  types_.clear();
  queries_.clear();
}

void WatchFeed::insert(std::shared_ptr<Watcher> watcher, std::vector<SelectorPtr> selectors,
                       std::uint64_t after) {
  const Watcher* key = watcher.get();
  erase(key);
  watcher->set_admitted(after);
  auto member = std::make_unique<Member>(Member{std::move(watcher), std::move(selectors), after});
  for (std::size_t i = 0; i < member->selectors.size(); ++i) {
    const WatchSelector* selector = member->selectors[i].get();
    entries_of(*selector).insert({member.get(), selector, i});
  }
  members_[key] = std::move(member);
  member_count_ = members_.size();
  query_count_ = queries_.size();
}

bool WatchFeed::erase(const Watcher* watcher) {
  const auto found = members_.find(watcher);
  if (found == members_.end()) return false;
  const std::vector<SelectorPtr>& selectors = found->second->selectors;
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    drop({found->second.get(), selectors[i].get(), i});
  }
  members_.erase(found);
  member_count_ = members_.size();
  query_count_ = queries_.size();
  return true;
}

WatchFeed::Entries& WatchFeed::entries_of(const WatchSelector& selector) {
  switch (selector.kind) {
    case Kind::Group:
      return selector.uuid == Uuid() ? awaited_[selector.name] : groups_[selector.uuid];
    case Kind::Resource:
      return resources_[selector.uuid];
    case Kind::Type:
      return types_[selector.type];
    case Kind::Query:
      return queries_[selector.query_text];
    case Kind::All:
      break;
  }
  return all_;
}

void WatchFeed::drop(const Entry& entry) {
  const WatchSelector& selector = *entry.selector;
  Entries& entries = entries_of(selector);
  entries.erase(entry);
  if (!entries.empty()) return;
  if (selector.kind == Kind::Group && selector.uuid == Uuid()) {
    awaited_.erase(selector.name);
  } else if (selector.kind == Kind::Group) {
    groups_.erase(selector.uuid);
  }
  if (selector.kind == Kind::Resource) resources_.erase(selector.uuid);
  if (selector.kind == Kind::Type) types_.erase(selector.type);
  if (selector.kind == Kind::Query) queries_.erase(selector.query_text);
}

void WatchFeed::all_behind() {
  for (const auto& [key, member] : members_) {
    member->watcher->fall_behind(std::max(member->after, position_.load()));
    to_wake_.push_back(member->watcher);
  }
  clear();
  member_count_ = 0;
  query_count_ = 0;
}

void WatchFeed::round() {
  round_pending_ = false;
  if (members_.empty()) return;
  const Snapshot state = engine_.snapshot();
  if (!state->events.empty() && state->events.begin()->first > position_ + 1) {
    all_behind();  // more at once than the log keeps
  } else {
    auto event = state->events.lower_bound(position_ + 1);
    for (std::size_t told = 0; event != state->events.end() && told < kWatchRoundEventsMax;
         ++event, ++told) {
      tell(state, event->second);
      position_ = event->first;
    }
    if (event != state->events.end()) notify();
  }
  wake_told();
}

void WatchFeed::wake_told() {
  for (const std::shared_ptr<Watcher>& watcher : to_wake_) watcher->wake();
  to_wake_.clear();
}

void WatchFeed::let_go(const Event& event) {
  if (event.entity.kind != EntityKind::Group || event.type == EventType::Updated) return;
  std::vector<std::shared_ptr<Watcher>> going;
  const auto add = [&](const auto& table, const auto& key) {
    const auto found = table.find(key);
    if (found == table.end()) return;
    for (const Entry& entry : found->second) {
      if (!entry.selector->name.empty() && event.id > entry.member->after)
        going.push_back(entry.member->watcher);
    }
  };
  if (event.type == EventType::Deleted) add(groups_, event.entity.uuid);
  if (event.type == EventType::Created) {
    for (const std::string& name : event.names) add(awaited_, name);
  }
  for (const std::shared_ptr<Watcher>& watcher : going) {
    if (!erase(watcher.get())) continue;  // it has several selectors
    watcher->fall_behind(event.id - 1);
    to_wake_.push_back(watcher);
  }
}

void WatchFeed::tell(const Snapshot& state, const Shared<Event>& event) {
  let_go(*event);
  WatchEvent told(state, event);
  std::vector<Entry> entries(all_.begin(), all_.end());
  const auto add = [&](const auto& table, const auto& key) {
    const auto found = table.find(key);
    if (found == table.end()) return;
    entries.insert(entries.end(), found->second.begin(), found->second.end());
  };
  if (!groups_.empty()) {
    for (const Uuid& group : told.groups()) add(groups_, group);
  }
  if (event->entity.kind == EntityKind::Resource) {
    add(resources_, event->entity.uuid);
    add(types_, event->resource_type);
    for (const auto& [text, watching] : queries_) {
      std::vector<Telling> tellings;
      told.tell(*watching.begin()->selector, tellings);  // tested once, and known from then on
      if (tellings.empty()) continue;
      entries.insert(entries.end(), watching.begin(), watching.end());
    }
  }
  if (!entries.empty()) deliver(told, entries);
}

void WatchFeed::deliver(WatchEvent& event, const std::vector<Entry>& entries) {
  struct Message {
    Member* member;
    const WatchSelector* selector;
    std::size_t place;
    Telling telling;
  };
  const std::uint64_t number = event.event().id;
  std::vector<Message> messages;
  messages.reserve(entries.size());
  std::vector<Telling> tellings;
  for (const Entry& entry : entries) {
    if (number <= entry.member->after || number <= entry.selector->after) continue;
    tellings.clear();
    event.tell(*entry.selector, tellings);
    for (const Telling& telling : tellings) {
      messages.push_back({entry.member, entry.selector, entry.place, telling});
    }
  }
  std::ranges::stable_sort(messages, [](const Message& a, const Message& b) {
    return std::tie(a.member, a.place) < std::tie(b.member, b.place);
  });
  // What is printed already; watchers of the same words share it.
  using Key = std::tuple<std::string_view, Uuid, WatchType, Uuid, bool, WatchForm, bool>;
  std::map<Key, Frame> printed;
  std::vector<const Watcher*> full;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& [member, selector, place, telling] = messages[i];
    Watcher* watcher = member->watcher.get();
    const bool last = i + 1 == messages.size() || messages[i + 1].member != member;
    const Key key{selector->label,  selector->uuid,  telling.type, telling.moved.value_or(Uuid{}),
                  telling.of_group, watcher->form(), last};
    Frame& frame = printed[key];
    if (!frame) {
      const std::string cursor = last ? watcher->cursor_at(number) : std::string();
      frame = make_frame(watcher->form(), cursor, event.message(*selector, telling, cursor));
    }
    frames.push_back(frame);
    if (!last) continue;
    to_wake_.push_back(member->watcher);
    if (!watcher->offer(frames, number)) {
      full.push_back(watcher);
      if (!members_.contains(watcher)) member->watcher = nullptr;  // a guest
    }
    frames.clear();
  }
  for (const Watcher* watcher : full) erase(watcher);
}

}  // namespace storm::rest
