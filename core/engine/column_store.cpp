#include "core/engine/column_store.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace storm {
namespace {

constexpr std::size_t kRowsOfPart = 128;
// More cells than one in so many that ask the document make a column useless.
constexpr std::size_t kAskingPart = 8;
// The overlay may hold one row in so many, and some more, before new rows are made; and so much
// more before it is not brought up to date at all.
constexpr std::size_t kOverlayPart = 64;
constexpr std::size_t kOverlayFew = 1024;
// What a row costs without its cells: its id, its class and its place in a table by hash.
constexpr std::size_t kRowBytes = sizeof(Uuid) + 3 * sizeof(std::uint32_t);
constexpr std::size_t kCellBytes = sizeof(Cell::Kind) + sizeof(std::uint64_t);
constexpr std::size_t kOverlaysFactor = 2;

std::size_t overlay_most(std::size_t rows) { return rows / kOverlayPart + kOverlayFew; }

// Resources that changed after one revision, up to the state's; nothing when that is not known.
std::optional<std::vector<Uuid>> changed_since(std::uint64_t revision, const State& state,
                                               std::size_t most) {
  if (state.events.empty() || state.events.begin()->first > revision + 1) return std::nullopt;
  std::vector<Uuid> changed;
  for (auto at = state.events.lower_bound(revision + 1); at != state.events.end(); ++at) {
    if (at->first > state.revision) break;
    if (at->second->entity.kind == EntityKind::Resource) changed.push_back(at->second->entity.uuid);
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  if (changed.size() > most) return std::nullopt;
  return changed;
}

std::size_t place_of(const ColumnRows& overlay, const Uuid& uuid) {
  const std::vector<Uuid>& uuids = overlay.ids->uuids;
  const auto at = std::ranges::lower_bound(uuids, uuid);
  return at != uuids.end() && *at == uuid ? static_cast<std::size_t>(at - uuids.begin())
                                          : uuids.size();
}

ColumnRows empty_rows() { return {std::make_shared<const RowIds>(), {}}; }

}  // namespace

// A table by hash, made when it is first needed: by what changed.
class ColumnSet::Places {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t find(const RowIds& ids, const Uuid& uuid) {
    std::call_once(made_, [&] { make(ids.uuids); });
    for (std::size_t at = slot(uuid);; at = (at + 1) % rows_.size()) {
      if (rows_[at] == kNone || ids.uuids[rows_[at]] == uuid) return rows_[at];
    }
  }

 private:
  std::size_t slot(const Uuid& uuid) const {
    return static_cast<std::size_t>((uuid.low ^ uuid.high) * 0x9E3779B97F4A7C15U >> 20U) %
           rows_.size();
  }
  void make(const std::vector<Uuid>& uuids) {
    rows_.assign(uuids.size() * 2 + 1, kNone);
    for (std::size_t row = 0; row < uuids.size(); ++row) {
      std::size_t at = slot(uuids[row]);
      while (rows_[at] != kNone) at = (at + 1) % rows_.size();
      rows_[at] = static_cast<std::uint32_t>(row);
    }
  }

  std::once_flag made_;
  std::vector<std::uint32_t> rows_;
};

bool ColumnSet::is_worn() const { return overlay.size() > overlay_most(rows.size()); }

std::size_t ColumnSet::bytes() const {
  std::size_t bytes = (rows.size() + overlay.size()) * kRowBytes;
  for (const ColumnRows* part : {&rows, &overlay}) {
    for (const auto& [path, column] : part->columns) bytes += column->bytes();
  }
  return bytes;
}

namespace {

// The set as it is at the state; null when that cannot be told.
Shared<ColumnSet> advanced(const Shared<ColumnSet>& set, const State& state,
                           std::size_t text_bytes_max) {
  if (set->revision == state.revision) return set;
  if (set->revision > state.revision) return nullptr;
  const auto changed =
      changed_since(set->revision, state, overlay_most(set->rows.size()) * kOverlaysFactor);
  if (!changed) return nullptr;
  auto next = std::make_shared<ColumnSet>(*set);
  next->revision = state.revision;
  if (changed->empty()) return next;

  auto dead = std::make_shared<std::vector<std::uint64_t>>(*set->dead);
  for (const Uuid& uuid : *changed) {
    const std::uint32_t row = set->places->find(*set->rows.ids, uuid);
    if (row != ColumnSet::Places::kNone) (*dead)[row / 64] |= std::uint64_t{1} << row % 64;
  }
  next->dead = std::move(dead);

  std::vector<std::string> paths;
  for (const auto& [path, column] : set->rows.columns) paths.push_back(path);
  // By id, of both lists.
  auto ids = std::make_shared<RowIds>();
  std::vector<std::pair<std::uint32_t, std::uint32_t>> kept;
  std::vector<std::pair<std::uint32_t, const Resource*>> read;
  const auto add = [&](const Uuid& uuid, std::uint32_t class_number) {
    ids->uuids.push_back(uuid);
    ids->classes.push_back(class_number);
    return static_cast<std::uint32_t>(ids->uuids.size() - 1);
  };
  const RowIds& old = *set->overlay.ids;
  std::size_t from = 0;
  const auto keep_until = [&](const Uuid* uuid) {
    for (; from < old.uuids.size() && (!uuid || old.uuids[from] < *uuid); ++from) {
      kept.emplace_back(add(old.uuids[from], old.classes[from]), static_cast<std::uint32_t>(from));
    }
    if (uuid && from < old.uuids.size() && old.uuids[from] == *uuid) ++from;
  };
  for (const Uuid& uuid : *changed) {
    keep_until(&uuid);
    const auto* resource = state.resources.get(uuid);
    if (resource) read.emplace_back(add(uuid, (*resource)->class_number), resource->get());
  }
  keep_until(nullptr);

  std::vector<std::shared_ptr<Column>> columns;
  for (const std::string& path : paths) {
    columns.push_back(std::make_shared<Column>(ids->uuids.size(), text_bytes_max));
    columns.back()->carry(*set->overlay.columns.find(path)->second, kept);
  }
  const SnapshotCells reader(paths);
  std::vector<Cell> cells(paths.size());
  std::string scratch;
  for (const auto& [row, resource] : read) {
    reader.read(*resource, scratch, cells);
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i]->set(row, {&cells[i], 1});
  }
  next->overlay = {std::move(ids), {}};
  for (std::size_t i = 0; i < paths.size(); ++i)
    next->overlay.columns.emplace(paths[i], std::move(columns[i]));
  return next;
}

}  // namespace

Shared<ColumnSet> ColumnStore::at(const State& state, std::span<const std::string> paths) {
  Shared<ColumnSet> known;
  {
    const std::lock_guard lock(mutex_);
    if (!newest_) return nullptr;
    ++questions_;
    for (const std::string& path : paths) {
      if (!newest_->rows.columns.contains(path)) return nullptr;
      used_[path] = questions_;
    }
    known = newest_;
  }
  Shared<ColumnSet> now = advanced(known, state, bytes_max_);
  if (!now || now == known) return now;
  const std::lock_guard lock(mutex_);
  if (newest_ == known) newest_ = now;
  return now;
}

std::shared_ptr<ColumnStore::Build> ColumnStore::begin(const State& state,
                                                       std::vector<std::string> paths) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_refused = std::ranges::any_of(
        paths, [&](const std::string& path) { return refused_.contains(path); });
    const bool is_past = newest_ && newest_->revision > state.revision;
    const std::size_t least = state.resources.size() * (kRowBytes + paths.size() * kCellBytes);
    if (is_building_ || is_refused || is_past || least > bytes_max_) return nullptr;
    is_building_ = true;
  }
  Shared<ColumnSet> old = at(state, {});
  if (old) {
    std::erase_if(paths, [&](const std::string& path) { return old->rows.columns.contains(path); });
  }
  return std::make_shared<Build>(*this, state, std::move(paths), std::move(old));
}

std::size_t ColumnStore::bytes() const {
  const std::lock_guard lock(mutex_);
  return newest_ ? newest_->bytes() : 0;
}

bool ColumnStore::shrink(ColumnSet& set, std::span<const std::string> made) {
  while (set.bytes() > bytes_max_) {
    const std::string* oldest = nullptr;
    for (const auto& [path, column] : set.rows.columns) {
      if (std::ranges::find(made, path) != made.end()) continue;
      if (!oldest || used_[path] < used_[*oldest]) oldest = &path;
    }
    if (!oldest) return false;
    const std::string path = *oldest;
    used_.erase(path);
    set.overlay.columns.erase(path);
    set.rows.columns.erase(path);
  }
  return true;
}

ColumnStore::Build::Build(ColumnStore& store, const State& state, std::vector<std::string> paths,
                          Shared<ColumnSet> old)
    : store_(store),
      state_(state),
      paths_(std::move(paths)),
      old_(std::move(old)),
      cells_(paths_),
      ids_(std::make_shared<RowIds>()) {
  const std::size_t rows = state.ordered_resources.size();
  ids_->uuids.resize(rows);
  ids_->classes.resize(rows);
  for (std::size_t i = 0; i < paths_.size(); ++i)
    made_.push_back(std::make_shared<Column>(rows, store.bytes_max_));
  job_ = std::make_shared<ScanJob>((rows + kRowsOfPart - 1) / kRowsOfPart,
                                   [this](std::size_t part) { read_part(part); });
}

ColumnStore::Build::~Build() {
  job_->cancel();
  const std::lock_guard lock(store_.mutex_);
  store_.is_building_ = false;
}

void ColumnStore::Build::read_part(std::size_t part) {
  const auto& resources = state_.ordered_resources;
  const std::size_t begin = part * kRowsOfPart;
  const std::size_t end = std::min(begin + kRowsOfPart, resources.size());
  std::vector<std::vector<Cell>> columns(paths_.size(), std::vector<Cell>(end - begin));
  std::vector<Cell> cells(paths_.size());
  std::string scratch;
  auto at = resources.lower_bound(resources.nth(begin).get());
  for (std::size_t row = begin; row < end; ++row, ++at) {
    const Resource& resource = **at;
    ids_->uuids[row] = resource.id.uuid;
    ids_->classes[row] = resource.class_number;
    if (paths_.empty()) continue;
    cells_.read(resource, scratch, cells);
    for (std::size_t i = 0; i < cells.size(); ++i) columns[i][row - begin] = std::move(cells[i]);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) made_[i]->set(begin, columns[i]);
}

// The old columns with the new rows. Both have the same resources in the same order, but for what
// the overlay has and what is gone.
std::map<std::string, std::shared_ptr<Column>> ColumnStore::Build::carried() const {
  std::map<std::string, std::shared_ptr<Column>> carried;
  if (!old_) return carried;
  using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  Pairs of_rows, of_overlay;
  const std::vector<Uuid>& before = old_->rows.ids->uuids;
  const auto is_dead = [&](std::size_t row) {
    return ((*old_->dead)[row / 64] >> row % 64 & 1U) != 0;
  };
  std::size_t from = 0;
  for (std::size_t row = 0; row < ids_->uuids.size(); ++row) {
    while (from < before.size() && is_dead(from)) ++from;
    const auto here = static_cast<std::uint32_t>(row);
    if (from < before.size() && before[from] == ids_->uuids[row]) {
      of_rows.emplace_back(here, static_cast<std::uint32_t>(from++));
      continue;
    }
    const std::size_t place = place_of(old_->overlay, ids_->uuids[row]);
    if (place == old_->overlay.size()) return carried;  // nothing is better than something wrong
    of_overlay.emplace_back(here, static_cast<std::uint32_t>(place));
  }
  for (const auto& [path, column] : old_->rows.columns) {
    if (std::ranges::find(paths_, path) != paths_.end()) continue;
    auto made = std::make_shared<Column>(ids_->uuids.size(), store_.bytes_max_);
    made->carry(*column, of_rows);
    made->carry(*old_->overlay.columns.find(path)->second, of_overlay);
    carried.emplace(path, std::move(made));
  }
  return carried;
}

Shared<ColumnSet> ColumnStore::Build::finish() {
  const std::size_t rows = ids_->uuids.size();
  auto set = std::make_shared<ColumnSet>();
  set->revision = state_.revision;
  set->rows.ids = ids_;
  std::vector<std::string> good, bad;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (made_[i]->asking() > rows / kAskingPart) {
      bad.push_back(paths_[i]);
      continue;
    }
    good.push_back(paths_[i]);
    set->rows.columns.emplace(paths_[i], made_[i]);
  }
  for (auto& [path, column] : carried()) set->rows.columns.emplace(path, std::move(column));
  set->dead = std::make_shared<const std::vector<std::uint64_t>>((rows + 63) / 64);
  set->overlay = empty_rows();
  for (const auto& [path, column] : set->rows.columns)
    set->overlay.columns.emplace(path, std::make_shared<const Column>(0, store_.bytes_max_));
  set->places = std::make_shared<ColumnSet::Places>();

  const std::lock_guard lock(store_.mutex_);
  ++store_.questions_;
  for (const std::string& path : good) store_.used_[path] = store_.questions_;
  const bool fits = store_.shrink(*set, good);
  if (!fits) std::ranges::move(good, std::back_inserter(bad));
  if (store_.refused_.size() + bad.size() > kRefusedPathsMax) store_.refused_.clear();
  store_.refused_.insert(bad.begin(), bad.end());
  if (fits) store_.newest_ = set;
  return bad.empty() ? set : nullptr;
}

}  // namespace storm
