#include "core/engine/resource_search.hpp"

#include <algorithm>
#include <bit>

#include "core/engine/resource_viewer.hpp"

namespace storm {
namespace {

constexpr std::size_t kTestsOfPart = 256;
constexpr std::size_t kSnapshotTestsOfPart = 64;
// Fewer are tested by one thread, without columns.
constexpr std::size_t kHelpMin = 1000;
// Columns are made when at least one in so many resources would have to be read.
constexpr std::size_t kColumnsPart = 4;
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

ResourceSearch::ResourceSearch(const State& state, Query query, Scans* scans)
    : state_(state),
      query_(std::move(query)),
      scans_(scans),
      snapshot_members_(snapshot_members_of(query_)),
      found_(std::make_shared<FoundResources>(state)) {
  if (!find_candidates()) plan_ = plan_classes(state_, query_);
}

ResourceSearch::~ResourceSearch() {
  if (job_) job_->cancel();
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
  return candidates_.has_value();
}

bool ResourceSearch::run(const std::function<bool()>& pause) {
  if (stage_ == Stage::Start) start();
  while (stage_ != Stage::Done) {
    if (!job_->run(pause)) return false;
    job_.reset();
    if (stage_ != Stage::MakeColumns) {
      finish();
    } else if (Shared<ColumnSet> made = std::exchange(build_, nullptr)->finish()) {
      start_columns(std::move(made));
    } else {
      start_scan();
    }
  }
  return true;
}

void ResourceSearch::start() {
  const bool scans_many = scans_ && !candidates_ && plan_.tests >= kHelpMin;
  if (scans_many) paths_ = ColumnFilter::paths(query_, kSnapshotField);
  if (paths_.empty() || paths_.size() > kColumnsOfQueryMax) return start_scan();
  Shared<ColumnSet> set = scans_->columns.at(state_, paths_);
  if (set && !set->is_worn()) return start_columns(std::move(set));
  if (plan_.tests >= state_.resources.size() / kColumnsPart)
    build_ = scans_->columns.begin(state_, paths_);
  if (build_) {
    stage_ = Stage::MakeColumns;
    job_ = build_->job();
    scans_->pool.help(job_);
  } else if (set) {
    start_columns(std::move(set));
  } else {
    start_scan();
  }
}

void ResourceSearch::start_job(std::size_t parts, std::function<void(std::size_t)> part) {
  job_ = std::make_shared<ScanJob>(parts, std::move(part));
  if (scans_ && parts > 1) scans_->pool.help(job_);
}

void ResourceSearch::start_columns(Shared<ColumnSet> set) {
  stage_ = Stage::Columns;
  set_ = std::move(set);
  const auto filter_over = [&](const ColumnRows& rows) {
    return std::make_unique<ColumnFilter>(query_, kClassFields, [&](std::string_view path) {
      const auto column = rows.columns.find(path);
      return column == rows.columns.end() ? nullptr : column->second.get();
    });
  };
  row_filter_ = filter_over(set_->rows);
  overlay_filter_ = filter_over(set_->overlay);
  if (!plan_.everything) {
    truths_.assign(std::size_t{state_.last_class_number} + 1,
                   static_cast<unsigned char>(Truth::No));
    for (const LiveClass* live : plan_.whole)
      truths_[live->traits->number] = static_cast<unsigned char>(Truth::Yes);
    for (const LiveClass* live : plan_.depends)
      truths_[live->traits->number] = static_cast<unsigned char>(Truth::Depends);
  }
  bits_.resize((set_->rows.size() + 63) / 64);
  const std::size_t blocks =
      (set_->rows.size() + ColumnFilter::kBlockRows - 1) / ColumnFilter::kBlockRows;
  start_job(blocks + 1, [this, blocks](std::size_t part) {
    if (part < blocks) {
      columns_part(part);
    } else {
      overlay_part();
    }
  });
}

// What the classes tell goes before what the columns say of resources whose class does not.
void ResourceSearch::limit_to_classes(const std::uint32_t* classes, std::size_t count,
                                      ColumnFilter::Answer& answer) const {
  for (std::size_t word = 0; word * 64 < count; ++word) {
    const std::size_t end = std::min<std::size_t>(count - word * 64, 64);
    const std::uint64_t there = end == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << end) - 1;
    std::uint64_t yes = 0, depends = there;
    if (!truths_.empty()) {
      depends = 0;
      for (std::size_t i = 0; i < end; ++i) {
        const auto truth = static_cast<Truth>(truths_[classes[word * 64 + i]]);
        yes |= std::uint64_t{truth == Truth::Yes} << i;
        depends |= std::uint64_t{truth == Truth::Depends} << i;
      }
    }
    answer.yes[word] = yes | (answer.yes[word] & depends);
    answer.maybe[word] &= depends;
  }
}

void ResourceSearch::columns_part(std::size_t part) {
  const std::size_t first = part * ColumnFilter::kBlockRows;
  const std::size_t count = std::min(ColumnFilter::kBlockRows, set_->rows.size() - first);
  const RowIds& ids = *set_->rows.ids;
  ColumnFilter::Answer answer;
  row_filter_->run(first, count, answer);
  limit_to_classes(ids.classes.data() + first, count, answer);
  ResourceViewer viewer(state_, &snapshot_members_);
  for (std::size_t word = 0; word * 64 < count; ++word) {
    const std::size_t at = first / 64 + word;
    const std::uint64_t alive = ~(*set_->dead)[at];
    bits_[at] = answer.yes[word] & alive;
    for (std::uint64_t left = answer.maybe[word] & alive; left != 0; left &= left - 1) {
      const auto row = at * 64 + static_cast<std::size_t>(std::countr_zero(left));
      if (query_.matches(viewer.at(**state_.resources.get(ids.uuids[row]))))
        bits_[at] |= left & (~left + 1);
    }
  }
}

void ResourceSearch::overlay_part() {
  const RowIds& ids = *set_->overlay.ids;
  ResourceViewer viewer(state_, &snapshot_members_);
  for (std::size_t first = 0; first < ids.uuids.size(); first += ColumnFilter::kBlockRows) {
    const std::size_t count = std::min(ColumnFilter::kBlockRows, ids.uuids.size() - first);
    ColumnFilter::Answer answer;
    overlay_filter_->run(first, count, answer);
    limit_to_classes(ids.classes.data() + first, count, answer);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t bit = std::uint64_t{1} << i % 64;
      const bool yes = (answer.yes[i / 64] & bit) != 0;
      if (!yes && (answer.maybe[i / 64] & bit) == 0) continue;
      const Shared<Resource>& resource = *state_.resources.get(ids.uuids[first + i]);
      if (yes || query_.matches(viewer.at(*resource))) found_->add(resource);
    }
  }
}

void ResourceSearch::start_scan() {
  stage_ = Stage::Scan;
  const bool reads_snapshots = std::ranges::binary_search(query_.fields(), kSnapshotField);
  const std::size_t of_part = reads_snapshots ? kSnapshotTestsOfPart : kTestsOfPart;
  std::size_t in_part = 0;
  const auto add = [&](const ResourceSet* resources, std::size_t size) {
    for (std::size_t begin = 0; begin < size;) {
      const std::size_t end = std::min(size, begin + of_part - in_part);
      pieces_.push_back({resources, begin, end});
      in_part += end - begin;
      begin = end;
      if (in_part < of_part) continue;
      part_ends_.push_back(pieces_.size());
      in_part = 0;
    }
  };
  if (candidates_) {
    add(nullptr, candidates_->size());
  } else if (plan_.everything) {
    add(&state_.ordered_resources, state_.ordered_resources.size());
  } else {
    for (const LiveClass* live : plan_.depends) add(&live->resources, live->resources.size());
  }
  if (in_part > 0) part_ends_.push_back(pieces_.size());
  found_in_parts_.resize(part_ends_.size());
  start_job(part_ends_.size(), [this](std::size_t part) { scan_part(part); });
}

namespace {

// Many are fetched from memory at once, instead of one while the others wait.
void fetch(const std::vector<const Shared<Resource>*>& resources, bool names, bool snapshots) {
  for (const Shared<Resource>* resource : resources) __builtin_prefetch(resource->get());
  for (const Shared<Resource>* resource : resources) {
    const Resource& of = **resource;
    if (names && !of.names.empty()) __builtin_prefetch(of.names.front().data());
    if (snapshots && of.snapshot) __builtin_prefetch(of.snapshot.bytes().data());
  }
}

}  // namespace

void ResourceSearch::scan_part(std::size_t part) {
  ResourceViewer viewer(state_, &snapshot_members_);
  std::vector<const Shared<Resource>*> resources;
  for (std::size_t i = part == 0 ? 0 : part_ends_[part - 1]; i < part_ends_[part]; ++i) {
    const Piece& piece = pieces_[i];
    if (!piece.resources) {
      for (std::size_t at = piece.begin; at < piece.end; ++at) {
        if (const auto* known = state_.resources.get((*candidates_)[at]))
          resources.push_back(known);
      }
      continue;
    }
    const ResourceSet& all = *piece.resources;
    auto at = piece.begin == 0 ? all.begin() : all.lower_bound(all.nth(piece.begin).get());
    for (std::size_t left = piece.end - piece.begin; left > 0; --left, ++at)
      resources.push_back(&*at);
  }
  const std::vector<std::string>& fields = query_.fields();
  fetch(resources, std::ranges::binary_search(fields, "names"),
        std::ranges::binary_search(fields, kSnapshotField));
  std::vector<Shared<Resource>>& found = found_in_parts_[part];
  for (const Shared<Resource>* resource : resources) {
    if (query_.matches(viewer.at(**resource))) found.push_back(*resource);
  }
}

void ResourceSearch::finish() {
  if (stage_ == Stage::Columns) {
    found_->set_rows(set_->rows.ids, std::move(bits_));
  } else {
    for (const LiveClass* live : plan_.whole) found_->add_class(live->resources);
    for (const auto& part : found_in_parts_) {
      for (const Shared<Resource>& resource : part) found_->add(resource);
    }
    found_in_parts_.clear();
  }
  stage_ = Stage::Done;
  done_ = found_;
}

std::vector<Shared<Resource>> ResourceSearch::take() {
  std::vector<Shared<Resource>> all = done_->resources();
  sort_resources(all);
  return all;
}

std::vector<Shared<Resource>> ResourceSearch::all(const State& state, const Query& query) {
  ResourceSearch search(state, query);
  search.run([] { return false; });
  return search.done_->resources();
}

}  // namespace storm
