#include "core/engine/resource_search.hpp"

#include <algorithm>

namespace storm {
namespace {

constexpr std::size_t kBetweenLooks = 32;
// Candidates by value beat a walk over classes only while they are few.
constexpr std::size_t kCandidatesPart = 4;
constexpr std::size_t kCandidatesFew = 32;

bool all_texts(const AccessPredicate& predicate) {
  return predicate.kind == AccessPredicate::Kind::AnyOf &&
         std::ranges::all_of(predicate.values,
                             [](const Value& value) { return value.is_string(); });
}

// All resources of that name or id.
void add_named(const State& state, const std::string& text, std::vector<Uuid>& found) {
  if (const auto id = Id::parse(text); id && id->kind == EntityKind::Resource)
    found.push_back(id->uuid);
  state.each_named(EntityKind::Resource, text, [&](const Uuid& uuid) {
    found.push_back(uuid);
    return true;
  });
}

}  // namespace

MemberTree snapshot_members_of(const Query& query) {
  static constexpr std::string_view kSnapshot = "snapshot";
  MemberTree tree;
  if (query.reads_names()) tree.add("");
  for (const std::string& path : query.paths()) {
    if (path == kSnapshot) tree.add("");
    if (path.starts_with("snapshot.")) tree.add(path.substr(kSnapshot.size() + 1));
  }
  return tree;
}

ResourceSearch::ResourceSearch(const State& state, Query query)
    : state_(state), query_(std::move(query)), snapshot_members_(snapshot_members_of(query_)) {
  if (!find_candidates()) plan_classes();
}

bool ResourceSearch::find_candidates() {
  const std::size_t most = std::max(state_.resources.size() / kCandidatesPart, kCandidatesFew);
  for (const AccessPredicate& predicate : query_.access()) {
    if (predicate.kind == AccessPredicate::Kind::Never) {
      candidates_.emplace();
      return true;
    }
    if (!all_texts(predicate)) continue;
    const bool own = predicate.path == "names" || predicate.path == "id";
    const bool relation =
        predicate.path == "parent" || predicate.path == "cluster" || predicate.path == "host";
    if (!own && !relation) continue;
    std::vector<Uuid> found;
    for (const Value& value : predicate.values) add_named(state_, value.as_string(), found);
    if (relation) {
      std::vector<Uuid> referrers;
      for (const Uuid& target : found) {
        for (auto at = state_.references.lower_bound(std::pair(target, Uuid{}));
             at != state_.references.end() && at->first == target && referrers.size() <= most;
             ++at) {
          referrers.push_back(at->second);
        }
      }
      found = std::move(referrers);
    }
    if (found.size() > most) continue;  // and not all of them are found
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (!candidates_ || found.size() < candidates_->size()) candidates_ = std::move(found);
  }
  if (candidates_) tests_ = candidates_->size();
  return candidates_.has_value();
}

void ResourceSearch::plan_classes() {
  SharedClass last;
  bool kind_ruled_out = false;
  for (const SharedClass& traits : state_.ordered_classes) {
    const ValueView view(traits->document);
    if (!last || !same_kind(*last, *traits)) {
      kind_ruled_out = query_.decide(view, kKindFields) == Truth::No;
      last = traits;
    }
    if (kind_ruled_out) continue;
    const Truth truth = query_.decide(view, kClassFields);
    if (truth == Truth::No) continue;
    const LiveClass* live = state_.classes.get(traits->number);
    if (live->resources.empty()) continue;
    parts_.push_back({live, truth == Truth::Yes});
    if (truth == Truth::Depends) tests_ += live->resources.size();
  }
}

void ResourceSearch::test(const Shared<Resource>& resource) {
  if (query_.matches(*resource_view(state_, *resource, &snapshot_members_)))
    found_.push_back(resource);
}

bool ResourceSearch::run(const std::function<bool()>& pause) {
  std::size_t looked = 0;
  const auto enough = [&] { return ++looked % kBetweenLooks == 0 && pause(); };
  if (candidates_) {
    while (next_ < candidates_->size()) {
      if (const auto* resource = state_.resources.get((*candidates_)[next_++])) test(*resource);
      if (enough()) return next_ == candidates_->size();
    }
    return true;
  }
  for (; next_ < parts_.size(); ++next_, at_.reset()) {
    const Part& part = parts_[next_];
    if (part.whole) {
      found_.insert(found_.end(), part.live->resources.begin(), part.live->resources.end());
      continue;
    }
    if (!at_) at_ = part.live->resources.begin();
    while (*at_ != part.live->resources.end()) {
      const Shared<Resource>& resource = **at_;
      ++*at_;
      test(resource);
      if (enough()) return false;
    }
  }
  return true;
}

std::vector<Shared<Resource>> ResourceSearch::take() {
  std::ranges::sort(found_, ResourceOrder{}, Pointee<Resource>::of);
  return std::move(found_);
}

std::vector<Shared<Resource>> ResourceSearch::all(const State& state, const Query& query) {
  ResourceSearch search(state, query);
  search.run([] { return false; });
  return std::move(search.found_);
}

}  // namespace storm
