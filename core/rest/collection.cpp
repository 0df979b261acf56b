#include "core/rest/collection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "core/document/json.hpp"
#include "core/engine/resource_search.hpp"
#include "core/query/sort.hpp"
#include "core/rest/etag.hpp"
#include "core/rest/facets.hpp"
#include "core/rest/field_names.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/listing_sorter.hpp"
#include "core/rest/projection.hpp"

namespace storm::rest {
namespace {

constexpr std::size_t kItemBytes = 4 * 1024;  // most are smaller

// How the chosen items are to be answered.
struct Wish {
  Projection projection;
  std::size_t limit = 0;  // 0: all
  Sort sort;
  bool count = false;  // only how many
  Facets facets;       // and of which values
};

Result<Sort> parse_sort(const Url& url, EntityKind kind) {
  const std::string* words = url.find("sort");
  if (!words) return Sort();
  Result<Sort> sort = Sort::parse_words(*words);
  if (sort) {
    for (const std::string& field : sort->fields()) STORM_TRY(check_field(kind, field, "sort"));
    return sort;
  }
  Error error = std::move(sort).error();
  return Error{error.code, "sort: " + error.message, {{"?sort", error.message}}};
}

Result<Wish> read_wish(const Call& call, EntityKind kind) {
  Wish wish;
  const Url& url = call.request.url;
  wish.projection = STORM_TRY(Projection::parse(url, kind));
  wish.limit = STORM_TRY(parse_count(url, "limit", 1, kPageItemsMax, 0));
  wish.sort = STORM_TRY(parse_sort(url, kind));
  wish.count = STORM_TRY(parse_flag(url, "count"));
  if (const std::string* words = url.find("facets")) {
    wish.facets = STORM_TRY(Facets::parse(*words, kind));
  }
  if (call.request.format == Format::Html) {
    if (wish.limit == 0) wish.limit = kHtmlPageItems;
    if (wish.projection.whole()) wish.projection.leave_out("snapshot");
  }
  return wish;
}

// Walks a part of a listing.
class Walk {
 public:
  Walk(std::shared_ptr<const Listing> listing, std::size_t begin, std::size_t end)
      : listing_(std::move(listing)), next_(begin), end_(end) {
    if (begin >= end) return;
    if (listing_->found && begin == 0 && end < listing_->size()) {
      // The order of the others does not matter yet.
      first_ = std::make_shared<const std::vector<Uuid>>(listing_->found->first(end));
      items_ = first_.get();
    } else {
      items_ = listing_->found ? &listing_->found->ids() : &listing_->items;
    }
    if (!listing_->all_resources) return;
    const auto& resources = listing_->snapshot->ordered_resources;
    resource_ = resources.lower_bound(resources.nth(begin).get());
  }
  bool at_end() const { return next_ >= end_; }
  std::size_t left() const { return end_ - next_; }
  const State& state() const { return *listing_->snapshot; }
  Id take() {
    const std::size_t index = next_++;
    if (!listing_->all_resources) return {listing_->kind, (*items_)[index]};
    const Id id = (*resource_)->id;
    ++resource_;
    return id;
  }

 private:
  std::shared_ptr<const Listing> listing_;
  std::size_t next_;
  std::size_t end_;
  std::shared_ptr<const std::vector<Uuid>> first_;
  const std::vector<Uuid>* items_ = nullptr;
  ResourceSet::Iterator resource_;
};

// A page of a listing: headers, and a body that is made piece by piece.
Answer page_of(const CallPtr& call, const std::shared_ptr<const Listing>& listing,
               std::size_t offset, Wish wish) {
  const std::size_t total = listing->size();
  const std::size_t end =
      wish.limit == 0 || total - offset <= wish.limit ? total : offset + wish.limit;
  Answer answer;
  answer.with("Storm-Revision", std::to_string(listing->snapshot->revision));
  answer.with("Storm-Total", std::to_string(total));
  if (end < total) {
    const std::string cursor = call->api.listings.cursor(listing, end);
    answer.with("Link",
                fmt::format("<{}>; rel=\"next\"", call->request.url.with("cursor", cursor)));
  }
  answer.body = Pieces(
      [walk = Walk(listing, offset, end), first = true, projection = std::move(wish.projection),
       &rendered = call->api.rendered](std::string& out, std::size_t bytes) mutable {
        if (first) out += '[';
        const std::size_t full = out.size() + bytes;
        out.reserve(std::min(full, out.size() + walk.left() * kItemBytes) + kItemBytes);
        while (!walk.at_end() && out.size() < full) {
          if (!first) out += ',';
          first = false;
          const Id id = walk.take();
          const Shared<Resource>* resource = projection.whole() && id.kind == EntityKind::Resource
                                                 ? walk.state().resources.get(id.uuid)
                                                 : nullptr;
          if (resource) {
            rendered.append(out, *resource);
          } else {
            projection.append(out, walk.state(), id);
          }
        }
        if (!walk.at_end()) return true;
        out += ']';
        return false;
      });
  return answer;
}

// Tests, sorts and counts the candidates a slice at a time.
class Selection {
 public:
  Selection(CallPtr call, EntityKind kind, Snapshot snapshot, Candidates candidates,
            std::optional<Query> query, Wish wish)
      : call_(std::move(call)),
        candidates_(candidates),
        query_(std::move(query)),
        wish_(std::move(wish)),
        listing_(std::make_shared<Listing>()) {
    listing_->snapshot = std::move(snapshot);
    listing_->kind = kind;
  }

  std::optional<Answer> operator()() {
    const State& state = *listing_->snapshot;
    const MonoTime slice = clock_.mono_now();
    if (!started_) begin(state, slice);
    if (slice - started_at_ > kFilterTimeMaxNs) return too_slow(*call_);
    const auto pause = [&] { return clock_.mono_now() - slice > kFilterSliceNs; };
    if (!select(state, pause)) return std::nullopt;
    const bool counted = wish_.count || !wish_.facets.empty();
    if (counted) return count(state, pause);
    if (!sort(state, pause)) return std::nullopt;
    return page_of(call_, listing_, 0, std::move(wish_));
  }

  static std::string scope_of(const Call& call) {
    std::string scope;
    for (const std::string& segment : call.request.url.path) scope += "/" + segment;
    for (const std::string_view name : {"q", "sort"}) {
      const std::string* value = call.request.url.find(name);
      if (value) scope.append("?").append(name).append("=").append(*value);
    }
    return scope;
  }

 private:
  using Pause = std::function<bool()>;

  void begin(const State& state, MonoTime now) {
    started_ = true;
    started_at_ = now;
    listing_->scope = scope_of(*call_);
    const bool all_resources = listing_->kind == EntityKind::Resource && candidates_ == all_of_kind;
    listing_->all_resources =
        all_resources && !query_ && wish_.sort.empty() && wish_.facets.empty();
    if (query_ && all_resources) {
      search_ = std::make_shared<ResourceSearch>(state, *query_, &call_->api.engine.scans());
    } else if (!listing_->all_resources) {
      items_ = candidates_(state, call_);
    }
    if (!query_) listing_->items = std::move(items_);
  }

  // Each of these is true when it is done.
  bool select(const State& state, const Pause& pause) {
    if (search_) {
      if (!search_->run(pause)) return false;
      if (wish_.sort.empty() && wish_.facets.empty()) {
        listing_->found = search_->found();
      } else {
        listing_->items = search_->found()->ids();
      }
      search_.reset();
      return true;
    }
    if (!query_) return true;
    constexpr std::size_t kBetweenLooks = 32;
    for (std::size_t looked = 0; next_ < items_.size(); ++next_, ++looked) {
      if (looked % kBetweenLooks == kBetweenLooks - 1 && pause()) return false;
      const auto view = query_view(state, Id{listing_->kind, items_[next_]});
      if (view && query_->matches(*view)) listing_->items.push_back(items_[next_]);
    }
    return true;
  }

  bool sort(const State& state, const Pause& pause) {
    if (wish_.sort.empty()) return true;
    if (!sorter_) {
      sorter_ = std::make_shared<ListingSorter>(state, listing_->kind, wish_.sort,
                                                std::move(listing_->items));
    }
    if (!sorter_->run(pause)) return false;
    listing_->items = sorter_->take();
    return true;
  }

  std::optional<Answer> count(const State& state, const Pause& pause) {
    Value answer(Value::Object{{"count", static_cast<std::uint64_t>(listing_->size())}});
    if (!wish_.facets.empty()) {
      if (!wish_.facets.run(state, listing_->kind, listing_->items, pause)) return std::nullopt;
      answer.add("facets", wish_.facets.counted());
    }
    return json_answer(200, to_json(answer))
        .with("Storm-Revision", std::to_string(state.revision))
        .with("Storm-Total", std::to_string(listing_->size()));
  }

  const SystemClock clock_;
  CallPtr call_;
  Candidates candidates_;
  std::optional<Query> query_;
  Wish wish_;
  std::shared_ptr<Listing> listing_;
  std::shared_ptr<ResourceSearch> search_;  // copies of this are not run
  std::shared_ptr<ListingSorter> sorter_;
  std::vector<Uuid> items_;
  std::size_t next_ = 0;
  MonoTime started_at_ = 0;
  bool started_ = false;
};

// A group's query may wait for a group that is yet to come; a question about one is a slip.
Result<void> check_groups(const State& state, const std::optional<Query>& query) {
  if (!query) return {};
  for (const std::string& group : query->groups()) {
    if (state.find(EntityKind::Group, group)) continue;
    const std::vector<std::string> near = state.near_names(EntityKind::Group, group);
    const std::string message =
        fmt::format("$group: there is no group \"{}\"{}", group,
                    near.empty() ? "." : fmt::format("; did you mean \"{}\"?", near.front()));
    return Error{Errc::InvalidArgument, message, {{"?q", message}}};
  }
  return {};
}

Answer continue_listing(const CallPtr& call, const std::string& cursor, Wish wish) {
  const auto position = call->api.listings.find(cursor, Selection::scope_of(*call));
  if (!position) {
    const std::string start = call->request.url.with("cursor", "");
    return error_answer(call->request.format, 410,
                        "This cursor is not known (any more); start again at " + start + ".")
        .with("Link", fmt::format("<{}>; rel=\"first\"", start));
  }
  return page_of(call, position->listing, position->offset, std::move(wish));
}

}  // namespace

Answer too_slow(const Call& call) {
  return error_answer(call.request.format,
                      {Errc::TimedOut, fmt::format("The query took longer than {} seconds.",
                                                   kFilterTimeMaxNs / kNanosecondsPerSecond)});
}

std::vector<Uuid> all_of_kind(const State& state, const CallPtr& call) {
  const EntityKind kind = call->kind;
  std::vector<Uuid> items;
  items.reserve(state.count(kind));
  if (kind == EntityKind::Resource) {
    for (const Shared<Resource>& resource : state.ordered_resources) {
      items.push_back(resource->id.uuid);
    }
  } else {
    for (const Id& id : state.listed(kind)) items.push_back(id.uuid);
  }
  return items;
}

void answer_collection(const CallPtr& call, const Reply& reply, EntityKind kind, Snapshot snapshot,
                       Candidates candidates) {
  const Request& request = call->request;
  const auto refuse = [&](const Error& error) {
    answer_with(reply, [call, error] { return error_answer(call->request.format, error); });
  };
  Result<Wish> wish = read_wish(*call, kind);
  if (!wish) return refuse(wish.error());
  if (const std::string* cursor = request.url.find("cursor")) {
    answer_with(reply, [call, cursor = *cursor, wish = std::move(*wish)] {
      return continue_listing(call, cursor, wish);
    });
    return;
  }
  Result<std::optional<Query>> query = parse_filter(*call);
  if (!query) return refuse(query.error());
  if (const Result<void> known = check_groups(*snapshot, *query); !known)
    return refuse(known.error());
  // Heartbeats change agents without a revision.
  std::string etag;
  if (kind != EntityKind::Agent && request.format != Format::Html) {
    etag = etag_of_collection(call->api.life, snapshot->revision, request.url.with("", ""));
    if (!request.if_none_match.empty() && etag_listed(request.if_none_match, etag)) {
      answer_with(reply, [etag] { return empty_answer(304).with("ETag", etag); });
      return;
    }
  }
  Selection selection(call, kind, std::move(snapshot), candidates, std::move(*query),
                      std::move(*wish));
  reply([selection = std::move(selection), etag]() mutable {
    std::optional<Answer> answer = selection();
    if (answer && answer->status == 200 && !etag.empty()) answer->with("ETag", etag);
    return answer;
  });
}

Result<std::optional<Query>> parse_filter(const Call& call) {
  const std::string* text = call.request.url.find("q");
  if (!text || text->empty()) return std::optional<Query>();
  const auto refuse = [](std::string message) {
    return Error{Errc::InvalidArgument, message, {{"?q", message}}};
  };
  if (text->size() > kQueryTextMax) {
    return refuse(fmt::format("The query is longer than {} bytes.", kQueryTextMax));
  }
  Result<Value> filter = parse_json(*text);
  if (!filter) return refuse("The query is no JSON: " + filter.error().message);
  Result<Query> query = Query::parse(*filter, call.api.engine.operators());
  if (query) return std::optional(std::move(*query));
  Error error = std::move(query).error();
  if (error.problems.empty()) error.problems.push_back({"", error.message});
  for (Problem& problem : error.problems) problem.pointer = "?q" + problem.pointer;
  return error;
}

Result<bool> parse_flag(const Url& url, std::string_view name) {
  const std::string* word = url.find(name);
  if (!word) return false;
  if (*word == "true" || *word == "1" || *word == "True") return true;
  if (*word == "false" || *word == "0" || *word == "False") return false;
  std::string message = "Expected \"true\" or \"false\".";
  return Error{Errc::InvalidArgument,
               std::string(name) + ": " + message,
               {{"?" + std::string(name), std::move(message)}}};
}

Result<std::uint64_t> parse_count(const Url& url, std::string_view name, std::uint64_t low,
                                  std::uint64_t high, std::uint64_t fallback) {
  const std::string* text = url.find(name);
  if (!text) return fallback;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, fault] = std::from_chars(text->data(), end, number);
  if (fault != std::errc() || stop != end || number < low || number > high) {
    std::string message = fmt::format("Expected a whole number from {} to {}.", low, high);
    return Error{Errc::InvalidArgument,
                 fmt::format("{}: {}", name, message),
                 {{fmt::format("?{}", name), std::move(message)}}};
  }
  return number;
}

}  // namespace storm::rest
