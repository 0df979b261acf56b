#include "core/rest/watcher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/engine/members.hpp"
#include "core/rest/answer.hpp"
#include "core/rest/watch_cursor.hpp"
#include "core/rest/watch_feed.hpp"

namespace storm::rest {
namespace {

using Kind = WatchSelector::Kind;

// A group that holds more than this part of all resources is not listed apart.
constexpr std::size_t kListedPart = 8;

// Whether what it lists is found on a walk over all resources.
bool lists_resources(const State& state, const WatchSelector& selector) {
  if (selector.kind != Kind::Group) {
    return selector.kind == Kind::All || selector.kind == Kind::Type;
  }
  const LiveGroup* group = state.groups.get(selector.uuid);
  return group && member_count(state, *group) > state.resources.size() / kListedPart;
}

bool lists(const State& state, const WatchSelector& selector, const Resource& resource) {
  if (selector.kind == Kind::Type) return resource.type == selector.type;
  return selector.kind == Kind::All || is_member(state, *state.groups.get(selector.uuid), resource);
}

// What it lists beside all resources.
std::vector<Id> items_of(const State& state, const WatchSelector& selector) {
  std::vector<Id> items;
  if (selector.kind == Kind::Resource && state.resources.contains(selector.uuid)) {
    items.push_back({EntityKind::Resource, selector.uuid});
  }
  const LiveGroup* group = selector.kind == Kind::Group ? state.groups.get(selector.uuid) : nullptr;
  if (group && !lists_resources(state, selector)) {
    for (const Shared<Resource>& member : members_in_order(state, *group)) {
      items.push_back(member->id);
    }
  }
  for (const EntityKind kind : kAllEntityKinds) {
    if (selector.kind != Kind::All || kind == EntityKind::Resource) continue;
    for (const Id& id : state.listed(kind)) items.push_back(id);
  }
  return items;
}

}  // namespace

Frame make_frame(WatchForm form, std::string_view cursor, std::string_view message) {
  std::string text;
  text.reserve(message.size() + cursor.size() + 16);
  if (form == WatchForm::Sse) {
    if (!cursor.empty()) text.append("id: ").append(cursor).append("\n");
    text.append("data: ").append(message).append("\n\n");
  } else {
    text.append(message);
    if (form == WatchForm::Ndjson) text += '\n';
  }
  return std::make_shared<const std::string>(std::move(text));
}

Watcher::Watcher(const Engine& engine, std::shared_ptr<WatchFeed> feed, Options options)
    : engine_(engine),
      feed_(std::move(feed)),
      form_(options.form),
      selectors_(std::move(options.selectors)),
      implied_(options.implied),
      lost_(options.lost),
      place_(options.after) {
  if (!options.initial) return;
  const Snapshot state = engine_.snapshot();
  place_ = state->revision;
  for (const SelectorPtr& selector : selectors_) steps_.push_back(Listing{selector, state});
  const std::string cursor = cursor_at(place_);
  tell(place_message("synced", cursor, place_), cursor);
}

std::string Watcher::cursor_at(std::uint64_t revision) const {
  return WatchCursor{engine_.log_id(), revision}.to_text();
}

void Watcher::tell(std::string_view message, std::string_view cursor) {
  steps_.push_back(make_frame(form_, cursor, message));
}

bool Watcher::offer(const std::vector<Frame>& frames, std::uint64_t event) {
  std::size_t bytes = 0;
  for (const Frame& frame : frames) bytes += frame->size();
  const std::lock_guard lock(mutex_);
  if (behind_) return false;
  if (inbox_.size() + frames.size() > kWatchInboxFramesMax ||
      inbox_bytes_ + bytes > kWatchInboxBytesMax) {
    behind_ = event - 1;
    admitted_.reset();
    return false;
  }
  inbox_.insert(inbox_.end(), frames.begin(), frames.end());
  inbox_bytes_ += bytes;
  return true;
}

void Watcher::set_admitted(std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  admitted_ = after;
}

void Watcher::fall_behind(std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  if (!behind_) behind_ = after;
  admitted_.reset();
}

void Watcher::wake() {
  if (!wake_pending_.exchange(true)) wake_();
}

Watcher::Taken Watcher::take() {
  wake_pending_ = false;
  Taken taken;
  if (!reading_) {
    const std::lock_guard lock(mutex_);
    taken.frames.swap(inbox_);
    inbox_bytes_ = 0;
    if (behind_) {
      place_ = *behind_;
      behind_.reset();
      reading_ = true;
    }
  }
  if (!taken.frames.empty()) {
    taken.more = reading_;
  } else if (reading_ && !ended_) {
    read(taken);
  }
  return taken;
}

Frame Watcher::bookmark() {
  // Read first: whatever the feed has told up to there is in the inbox by now.
  const std::uint64_t fed = feed_->position();
  std::uint64_t place = place_;
  if (reading_) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!inbox_.empty() || behind_) return nullptr;
    if (admitted_) place = std::max(*admitted_, fed);
  }
  const std::string cursor = cursor_at(place);
  return make_frame(form_, cursor, place_message("bookmark", cursor, place));
}

void Watcher::end() {
  ended_ = true;
  steps_.clear();
  feed_->leave(shared_from_this());
}

void Watcher::join() {
  reading_ = false;
  feed_->admit(shared_from_this(), selectors_, place_);
}

void Watcher::read(Taken& taken) {
  const Snapshot state = engine_.snapshot();
  const MonoTime until = clock_.mono_now() + kWatchSliceNs;
  std::size_t bytes = 0;
  do_wishes(state);
  while (!steps_.empty() && bytes < kPieceBytes) {
    Step& next = steps_.front();
    bool done = true;
    if (Frame* frame = std::get_if<Frame>(&next)) {
      bytes += (*frame)->size();
      taken.frames.push_back(std::move(*frame));
    } else if (Listing* listing = std::get_if<Listing>(&next)) {
      done = step(*listing, taken, bytes, until);
    } else {
      done = step(std::get<Replay>(next), taken, bytes, until);
    }
    if (!done) break;
    steps_.pop_front();
  }
  taken.more = true;
  if (!steps_.empty() || bytes >= kPieceBytes) return;
  const std::uint64_t before = place_;
  pass_gap(*state, place_, "", taken);
  if (place_ != before) {  // what became of groups meanwhile is not told any more
    for (SelectorPtr& selector : selectors_) selector = bound_again(selector, *state);
  }
  auto event = state->events.lower_bound(place_ + 1);
  for (; event != state->events.end(); ++event) {
    if (bytes >= kPieceBytes || clock_.mono_now() > until) return;
    for (SelectorPtr& selector : selectors_) selector = bound_by(selector, *event->second);
    read_event(state, event->second, selectors_, taken, bytes);
    for (SelectorPtr& selector : selectors_) selector = unbound_by(selector, *event->second);
    place_ = event->first;
  }
  place_ = std::max(place_, state->revision);
  if (!wishes_.empty()) return;
  taken.more = false;
  join();
}

bool Watcher::step(Listing& listing, Taken& taken, std::size_t& bytes, MonoTime until) {
  const State& state = *listing.state;
  const auto& resources = state.ordered_resources;
  if (!listing.begun) {
    listing.begun = true;
    listing.items = items_of(state, *listing.selector);
    listing.resource =
        lists_resources(state, *listing.selector) ? resources.begin() : resources.end();
    if (listing.selector->query) {
      listing.search =
          std::make_shared<ResourceSearch>(state, *listing.selector->query, &engine_.scans());
    }
  }
  const auto full = [&] { return bytes >= kPieceBytes || clock_.mono_now() > until; };
  if (listing.search) {
    if (!listing.search->run(full)) return false;
    for (const Shared<Resource>& found : listing.search->take()) listing.items.push_back(found->id);
    listing.search.reset();
  }
  for (; listing.resource != resources.end(); ++listing.resource) {
    if (full()) return false;
    const Resource& resource = **listing.resource;
    if (lists(state, *listing.selector, resource)) list(listing, resource.id, taken, bytes);
  }
  for (; listing.next < listing.items.size(); ++listing.next) {
    if (full()) return false;
    list(listing, listing.items[listing.next], taken, bytes);
  }
  return true;
}

void Watcher::list(const Listing& listing, const Id& id, Taken& taken, std::size_t& bytes) {
  taken.frames.push_back(
      make_frame(form_, "", initial_message(*listing.state, *listing.selector, id)));
  bytes += taken.frames.back()->size();
}

bool Watcher::step(Replay& replay, Taken& taken, std::size_t& bytes, MonoTime until) {
  const Snapshot state = engine_.snapshot();
  pass_gap(*state, replay.after, replay.selector->label, taken);
  auto event = state->events.lower_bound(replay.after + 1);
  for (; event != state->events.end() && event->first <= replay.to; ++event) {
    if (bytes >= kPieceBytes || clock_.mono_now() > until) return false;
    read_event(state, event->second, {replay.selector}, taken, bytes);
    replay.after = event->first;
  }
  return true;
}

void Watcher::read_event(const Snapshot& state, const Shared<Event>& event,
                         const std::vector<SelectorPtr>& selectors, Taken& taken,
                         std::size_t& bytes) {
  WatchEvent told(state, event);
  std::vector<std::pair<const WatchSelector*, Telling>> tellings;
  for (const SelectorPtr& selector : selectors) {
    std::vector<Telling> here;
    if (event->id > selector->after) told.tell(*selector, here);
    for (Telling& telling : here) {
      const bool lost_body = telling.type == WatchType::Reset && selector->kind == Kind::Query;
      if (!lost_body) {
        reset_told_.erase(selector->label);
      } else if (!reset_told_.insert(selector->label).second) {
        continue;  // once is enough for all that was lost
      }
      tellings.emplace_back(selector.get(), telling);
    }
  }
  for (std::size_t i = 0; i < tellings.size(); ++i) {
    const std::string cursor = i + 1 == tellings.size() ? cursor_at(event->id) : std::string();
    const auto& [selector, telling] = tellings[i];
    taken.frames.push_back(make_frame(form_, cursor, told.message(*selector, telling, cursor)));
    bytes += taken.frames.back()->size();
  }
}

void Watcher::pass_gap(const State& state, std::uint64_t& after, std::string_view selector,
                       Taken& taken) {
  std::uint64_t last_lost = state.events.empty() ? state.revision : state.events.begin()->first - 1;
  if (after > state.unsure_after && after < state.unsure_before)
    last_lost = std::max(last_lost, state.unsure_before);
  const bool lost = std::exchange(lost_, false);
  if (!lost && last_lost <= after) return;
  const std::uint64_t from = lost ? 0 : after + 1;
  after = last_lost;
  const std::string cursor = cursor_at(after);
  taken.frames.push_back(make_frame(form_, cursor, gap_message(cursor, from, after, selector)));
  feed_->count_gap();
}

bool Watcher::hear(std::string_view text) {
  if (wishes_.size() >= kWatchWishesMax) return false;
  Wish wish;
  const Result<Value> said = parse_json(text);
  if (!said) {
    wish.fault = "This is no JSON: " + said.error().message;
  } else {
    const Value* id = said->find("id");
    const Value* subscribe = said->find("subscribe");
    const Value* unsubscribe = said->find("unsubscribe");
    if (id && id->is_string()) wish.id = id->as_string();
    if (unsubscribe && unsubscribe->is_string()) wish.id = unsubscribe->as_string();
    if (subscribe && !unsubscribe) wish.subscribe = *subscribe;
    if (!subscribe == !unsubscribe || wish.id.empty() || wish.id.size() > kSelectorLabelMax) {
      wish.fault = fmt::format(
          "Expected {{\"subscribe\": {{...}}, \"id\": TEXT}} or {{\"unsubscribe\": TEXT}}, the id "
          "of 1 to {} bytes.",
          kSelectorLabelMax);
    }
  }
  wishes_.push_back(std::move(wish));
  // Fed watchers leave the feed to change what they are told.
  if (!reading_) feed_->release(shared_from_this());
  return true;
}

void Watcher::refuse(const std::string& id, const Error& error) {
  Value message(Value::Object{{"type", "error"}, {"selector", id}, {"detail", error.message}});
  Value errors = Value::array();
  for (const Problem& problem : error.problems) {
    errors.push_back(Value::Object{{"pointer", problem.pointer}, {"detail", problem.message}});
  }
  message.add("errors", std::move(errors));
  tell(to_json(message));
}

void Watcher::do_wishes(const Snapshot& state) {
  for (; !wishes_.empty(); wishes_.pop_front()) {
    const Wish& wish = wishes_.front();
    const auto same_label = [&](const SelectorPtr& selector) { return selector->label == wish.id; };
    const auto found = std::ranges::find_if(selectors_, same_label);
    if (!wish.fault.empty()) {
      refuse(wish.id, {Errc::InvalidArgument, wish.fault});
    } else if (wish.subscribe) {
      if (found != selectors_.end() && !implied_) {
        refuse(wish.id, {Errc::AlreadyExists, "There is a subscription of this id."});
      } else {
        subscribe(wish, state);
      }
    } else if (found == selectors_.end()) {
      refuse(wish.id, {Errc::NotFound, "There is no subscription of this id."});
    } else {
      selectors_.erase(found);
      tell(place_message("unsubscribed", "", state->revision, wish.id));
    }
  }
}

void Watcher::subscribe(const Wish& wish, const Snapshot& state) {
  Result<WatchSelector> selector = parse_selector(*wish.subscribe, *state, engine_.operators());
  if (!selector) return refuse(wish.id, selector.error());
  if (selectors_.size() >= kWatchSelectorsMax) {
    return refuse(wish.id,
                  {Errc::TooLarge, fmt::format("More than {} subscriptions.", kWatchSelectorsMax)});
  }
  if (selector->query && !feed_->has_room_for_queries()) {
    return refuse(wish.id, {Errc::Unavailable, "Too many queries are watched; try again."});
  }
  std::optional<WatchCursor> since;
  if (const Value* cursor = wish.subscribe->find("since")) {
    const Result<WatchCursor> parsed =
        WatchCursor::parse(cursor->is_string() ? cursor->as_string() : to_json(*cursor));
    if (!parsed) {
      return refuse(wish.id, {parsed.error().code,
                              parsed.error().message,
                              {{"/subscribe/since", parsed.error().message}}});
    }
    since = *parsed;
  }
  selector->label = wish.id;
  selector->after = state->revision;
  if (std::exchange(implied_, false)) selectors_.clear();
  const auto shared = std::make_shared<const WatchSelector>(*selector);
  selectors_.push_back(shared);
  tell(place_message("subscribed", "", state->revision, wish.id));
  const Value* initial = wish.subscribe->find("initial");
  if (since) {
    WatchSelector older = std::move(*selector);
    older.after = 0;
    const bool lost = since->log != engine_.log_id() || since->revision > state->revision;
    steps_.push_back(Replay{std::make_shared<const WatchSelector>(std::move(older)),
                            lost ? 0 : since->revision, state->revision});
    if (lost) lost_ = true;
  } else if (initial && *initial == Value(true)) {
    steps_.push_back(Listing{shared, state});
  }
  if (since || initial) {
    const std::string cursor = cursor_at(state->revision);
    tell(place_message("synced", cursor, state->revision, wish.id), cursor);
  }
}

}  // namespace storm::rest
