#include "core/engine/view_tally.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/document/json.hpp"
#include "core/document/json_members.hpp"
#include "core/groups/resource_class.hpp"
#include "core/model/names.hpp"

namespace storm {
namespace {

constexpr std::string_view kSnapshot = "snapshot";

Value id_or_null(const std::optional<Id>& id) { return id ? Value(id->to_string()) : Value(); }

// As it is answered, not as queries see it: one form of each.
Value plain_field(const Resource& resource, std::string_view name) {
  if (name == "type") return resource.type.view();
  if (name == "status") return name_of(resource.status);
  if (name == "health") return name_of(resource.health);
  if (name == "stale") return resource.stale;
  if (name == "image") return resource.image.empty() ? Value() : Value(resource.image.view());
  if (name == "owner") return id_or_null(resource.owner);
  if (name == "parent") return id_or_null(resource.parent);
  if (name == "cluster") return id_or_null(resource.cluster);
  if (name == "host") return id_or_null(resource.host);
  const Value all = to_value_without_snapshot(resource);
  const Value* found = all.find(name);
  return found ? *found : Value();
}

// What the paths of one view begin with, made once.
class PlainView final : public DocumentView {
 public:
  PlainView(const Resource& resource, const MemberTree& snapshot_members)
      : resource_(resource), snapshot_members_(snapshot_members) {}
  const Value* field(std::string_view name) const override {
    for (const auto& [known, value] : made_) {
      if (known == name) return value.get();
    }
    made_.emplace_back(name, std::make_unique<Value>(make(name)));
    return made_.back().second.get();
  }

 private:
  Value make(std::string_view name) const {
    if (name != kSnapshot) return plain_field(resource_, name);
    if (!resource_.snapshot) return {};
    auto parsed = parse_members(resource_.snapshot.text(), snapshot_members_);
    return parsed ? std::move(*parsed) : Value();
  }

  const Resource& resource_;
  const MemberTree& snapshot_members_;
  mutable std::vector<std::pair<std::string, std::unique_ptr<Value>>> made_;
};

// Cut between two characters.
std::string cut(std::string text) {
  if (text.size() <= kViewKeyBytesMax) return text;
  std::size_t end = kViewKeyBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  text.resize(end);
  return text;
}

Value key_of(const Value& value) {
  if (value.is_string()) return cut(value.as_string());
  if (value.is_object()) return cut(to_json(value));
  if (!value.is_double()) return value;
  // One number has one form.
  constexpr double kExactEnd = 9007199254740992.0;  // 2^53
  const double number = value.as_double();
  if (std::trunc(number) != number || std::abs(number) >= kExactEnd) return value;
  return static_cast<std::int64_t>(number);
}

std::vector<Value> keys_at(const DocumentView& view, const Path& path) {
  std::vector<Value> keys;
  walk_path<PathEnd::Opened>(view, path, [&](const Value* found) {
    if (found && !found->is_array()) keys.push_back(key_of(*found));
    return false;
  });
  if (keys.empty()) keys.emplace_back();
  tidy_values(keys);
  if (keys.size() > kViewKeysOfOneMax) keys.resize(kViewKeysOfOneMax);
  return keys;
}

}  // namespace

ContributionReader::ContributionReader(const View& view) {
  for (const std::string& by : view.by) by_.emplace_back(by);
  if (!view.path.empty()) path_.emplace(view.path);
  const auto look = [&](const Path& path) {
    const std::string& first = path.steps().front().name;
    // Of the image a class says more than one form, of the rest what is answered.
    by_class_ = by_class_ && is_class_field(first);
    if (first != kSnapshot) return;
    const std::string& text = path.text();
    members_.add(text.size() == kSnapshot.size() ? "" : text.substr(kSnapshot.size() + 1));
  };
  for (const Path& by : by_) look(by);
  if (path_) look(*path_);
}

Contribution ContributionReader::read(const Resource& resource) const {
  Contribution contribution;
  const PlainView view(resource, members_);
  if (path_) {
    walk_path<PathEnd::Opened>(view, *path_, [&](const Value* found) {
      if (found && found->is_number()) contribution.numbers.push_back(*found);
      return false;
    });
  }
  if (by_.empty()) {
    contribution.keys.emplace_back();
    return contribution;
  }
  contribution.keys = keys_at(view, by_.front());
  if (by_.size() == 1) return contribution;
  for (Value& key : contribution.keys) key = Value::Array{std::move(key)};
  for (std::size_t i = 1; i < by_.size(); ++i) {
    const std::vector<Value> further = keys_at(view, by_[i]);
    std::vector<Value> both;
    for (const Value& key : contribution.keys) {
      for (const Value& next : further) {
        if (both.size() == kViewKeysOfOneMax) break;
        Value::Array longer = key.as_array();
        longer.push_back(next);
        both.emplace_back(std::move(longer));
      }
    }
    contribution.keys = std::move(both);
  }
  return contribution;
}

void ViewTally::add(const Contribution& contribution, std::int64_t times) {
  for (const Value& key : contribution.keys) add_under({key}, contribution, times);
}

void ViewTally::add_under(const ViewKey& key, const Contribution& contribution,
                          std::int64_t times) {
  const Slot* known = slots_.get(key);
  const std::int64_t before = known ? known->count : 0;
  const std::int64_t after = before + times;
  if (measure_ == Measure::Top) {
    if (before > 0) ranking_.erase(Ranked{before, key});
    if (after > 0) ranking_.insert_or_assign({after, key});
  }
  if (after == 0) {
    slots_.erase(key);
    return;
  }
  if (!known) slots_.put(key, {});
  slots_.edit(key, [&](Slot& slot) {
    slot.count = after;
    for (const Value& number : contribution.numbers) {
      slot.numbers += times;
      if (measure_ == Measure::Min || measure_ == Measure::Max) {
        const ViewKey place{key_of(number)};
        const std::int64_t* known_times = slot.ordered.get(place);
        const std::int64_t often = (known_times ? *known_times : 0) + times;
        if (often == 0) {
          slot.ordered.erase(place);
        } else {
          slot.ordered.put(place, often);
        }
      } else if (number.is_int()) {
        slot.sum.add(number.as_int(), times);
      } else {
        slot.sum.add(number.as_double(), times);
      }
    }
  });
}

Value ViewTally::measured(const Slot* slot) const {
  switch (measure_) {
    case Measure::Count:
    case Measure::Top:
      return slot ? slot->count : std::int64_t{0};
    case Measure::Sum: {
      if (!slot) return std::int64_t{0};
      const auto integer = slot->sum.integer();
      return integer ? Value(*integer) : Value(slot->sum.number());
    }
    case Measure::Avg:
      if (!slot || slot->numbers == 0) return {};
      return slot->sum.number() / static_cast<double>(slot->numbers);
    case Measure::Min:
    case Measure::Max:
      if (!slot || slot->ordered.empty()) return {};
      return slot->ordered.nth(measure_ == Measure::Min ? 0 : slot->ordered.size() - 1).first.value;
  }
  return {};
}

Value ViewTally::entry(const ViewKey& key, const Slot& slot) const {
  return Value(
      Value::Object{{"key", key.value}, {"value", measured(&slot)}, {"count", slot.count}});
}

Value ViewTally::value(const View& view) const {
  if (view.by.empty()) return measured(slots_.get(ViewKey{}));
  const std::int64_t limit =
      view.limit.value_or(measure_ == Measure::Top ? kViewTopDefault : kViewLimitMax);
  Value::Array entries;
  const auto full = [&] { return entries.size() == static_cast<std::size_t>(limit); };
  if (measure_ == Measure::Top) {
    for (auto at = ranking_.begin(); at != ranking_.end() && !full(); ++at)
      entries.push_back(entry(at->key, *slots_.get(at->key)));
  } else {
    for (auto at = slots_.begin(); at != slots_.end() && !full(); ++at)
      entries.push_back(entry(at->first, at->second));
  }
  return entries;
}

}  // namespace storm
