#include "core/engine/class_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storm {
namespace {

// More values than this are not looked up one by one.
constexpr std::size_t kLookedUpMax = 256;
// Sorts of classes whose answer is remembered while classes are walked.
constexpr std::size_t kRememberedMax = 128;
// When more than one class in so many is of the types, all are walked in the quickest order.
constexpr std::size_t kCommonPart = 4;
constexpr std::string_view kOfficial = "library/";

struct ImageKey {
  std::string text;
  bool prefix = false;
};

// Keys that no other one covers, so that no class is found by two.
std::vector<ImageKey> distinct(std::vector<ImageKey> keys) {
  std::ranges::sort(keys, [](const ImageKey& a, const ImageKey& b) {
    return a.text != b.text ? a.text < b.text : a.prefix > b.prefix;
  });
  std::vector<ImageKey> kept;
  std::optional<std::string> covering;  // the last prefix: what it covers follows it
  for (ImageKey& key : keys) {
    if (covering && key.text.starts_with(*covering)) continue;
    if (!kept.empty() && kept.back().text == key.text) continue;
    if (key.prefix) covering = key.text;
    kept.push_back(std::move(key));
  }
  return kept;
}

// Canonical images of which a form could be that text, or start with it.
void add_forms(std::string_view text, bool prefix, std::vector<ImageKey>& keys) {
  for (const std::string_view official : {std::string_view(), kOfficial}) {
    keys.push_back({std::string(official).append(text), prefix});
    // The rest may be of the digest.
    for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1))
      keys.push_back({std::string(official).append(text.substr(0, at)), false});
  }
}

struct Demands {
  std::optional<std::vector<std::string>> types;
  std::optional<std::vector<ImageKey>> images;
};

Demands demands_of(const Query& query) {
  Demands demands;
  for (const AccessPredicate& predicate : query.access()) {
    const bool any = predicate.kind == AccessPredicate::Kind::AnyOf;
    if (!any && predicate.kind != AccessPredicate::Kind::Prefix) continue;
    if (std::max(predicate.values.size(), predicate.prefixes.size()) > kLookedUpMax) continue;
    if (predicate.path == "type" && any && !demands.types) {
      demands.types.emplace();
      for (const Value& value : predicate.values) {
        if (value.is_string()) demands.types->push_back(value.as_string());
      }
    } else if (predicate.path == "image" && !demands.images) {
      std::vector<ImageKey> keys;
      for (const Value& value : predicate.values) {
        if (value.is_string()) add_forms(value.as_string(), false, keys);
      }
      for (const std::string& prefix : predicate.prefixes) add_forms(prefix, true, keys);
      demands.images = distinct(std::move(keys));
    }
  }
  return demands;
}

// What the query says of any resource, when it reads nothing that a class says.
Truth truth_of_all(const Query& query) {
  static const Value kNothing = Value::object();
  return query.decide(ValueView(kNothing), kClassFields);
}

bool reads_class(const Query& query) { return std::ranges::any_of(query.fields(), is_class_field); }

class ClassWalk {
 public:
  ClassWalk(const State& state, const Query& query, const VisitClass& visit)
      : state_(state), query_(query), visit_(visit) {}

  void run() {
    reads_image_ = std::ranges::binary_search(query_.fields(), "image");
    if (!reads_class(query_)) {
      const Truth truth = truth_of_all(query_);
      for (const auto& [number, of] : state_.classes) tell(of, truth);
    } else if (reads_image_ || std::ranges::binary_search(query_.fields(), "type")) {
      walk_by_kind();
    } else {
      walk_all();
    }
  }

 private:
  void tell(const LiveClass& live, Truth truth) {
    if (truth != Truth::No) visit_(live, truth);
  }
  const LiveClass& live(const SharedClass& traits) const {
    return *state_.classes.get(traits->number);
  }

  // Classes differ only in what few fields say: each sort of them is asked about once.
  void walk_all() {
    for (const auto& [number, of] : state_.classes) tell(of, remembered(*of.traits));
  }

  Truth remembered(const ResourceClass& traits) {
    const std::uint32_t sort = static_cast<std::uint32_t>(traits.status) << 16U |
                               static_cast<std::uint32_t>(traits.health) << 8U |
                               static_cast<std::uint32_t>(traits.stale);
    for (const Remembered& known : remembered_) {
      if (known.sort == sort && known.of->owner == traits.owner && known.of->type == traits.type)
        return known.truth;
    }
    const Truth truth = query_.decide(ValueView(traits.document), kClassFields);
    if (remembered_.size() < kRememberedMax) remembered_.push_back({sort, truth, &traits});
    return truth;
  }

  bool are_common(const std::vector<std::string>& types) const {
    std::size_t left = state_.ordered_classes.size() / kCommonPart;
    for (const std::string& type : types) {
      for (auto at = from(type, ""); at != state_.ordered_classes.end() && (*at)->type == type;
           ++at) {
        if (left-- == 0) return true;
      }
    }
    return false;
  }

  // In order of type and image, as far as the query demands one.
  void walk_by_kind() {
    const Demands demands = demands_of(query_);
    if (!reads_image_ && (!demands.types || are_common(*demands.types))) return walk_all();
    if (!demands.types && !demands.images) {
      for (const SharedClass& traits : state_.ordered_classes) look_at(traits);
      return;
    }
    if (demands.types) {
      for (const std::string& type : *demands.types) walk_type(type, demands);
      return;
    }
    for (auto at = state_.ordered_classes.begin(); at != state_.ordered_classes.end();) {
      const std::string type = (*at)->type;
      walk_type(type, demands);
      at = from(type + '\0', "");
    }
  }

  void walk_type(const std::string& type, const Demands& demands) {
    static const std::vector<ImageKey> kAll = {{"", true}};
    for (const ImageKey& key : demands.images ? *demands.images : kAll) {
      for (auto at = from(type, key.text); at != state_.ordered_classes.end(); ++at) {
        const ResourceClass& traits = **at;
        const bool fits = traits.type == type && (key.prefix ? traits.image.starts_with(key.text)
                                                             : traits.image == key.text);
        if (!fits) break;
        look_at(*at);
      }
    }
  }

  ClassSet::Iterator from(const std::string& type, const std::string& image) const {
    Resource least;
    least.type = type;
    least.image = image;
    least.status = static_cast<Status>(0);
    least.health = static_cast<Health>(0);
    return state_.ordered_classes.lower_bound(static_cast<const Resource*>(&least));
  }

  void look_at(const SharedClass& traits) {
    if (!reads_image_) return tell(live(traits), remembered(*traits));
    const ValueView view(traits->document);
    if (!last_ || !same_kind(*last_, *traits)) {
      is_kind_ruled_out_ = query_.decide(view, kKindFields) == Truth::No;
      last_ = traits;
    }
    if (is_kind_ruled_out_) return;
    const Truth truth = query_.decide(view, kClassFields);
    if (truth != Truth::No) visit_(live(traits), truth);
  }

  const State& state_;
  const Query& query_;
  const VisitClass& visit_;
  struct Remembered {
    std::uint32_t sort;  // by what is cheap to compare
    Truth truth;
    const ResourceClass* of;
  };
  std::vector<Remembered> remembered_;
  bool reads_image_ = false;
  SharedClass last_;
  bool is_kind_ruled_out_ = false;
};

}  // namespace

void each_class(const State& state, const Query& query, const VisitClass& visit) {
  ClassWalk(state, query, visit).run();
}

ClassPlan plan_classes(const State& state, const Query& query) {
  ClassPlan plan;
  if (!reads_class(query) && truth_of_all(query) == Truth::Depends) {
    plan.everything = true;
    plan.tests = state.resources.size();
    return plan;
  }
  each_class(state, query, [&](const LiveClass& live, Truth truth) {
    if (live.resources.empty()) return;
    (truth == Truth::Yes ? plan.whole : plan.depends).push_back(&live);
    if (truth == Truth::Depends) plan.tests += live.resources.size();
  });
  return plan;
}

}  // namespace storm
