#include "core/engine/class_plan.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace storm {
namespace {

// More values than this are not looked up one by one.
constexpr std::size_t kLookedUpMax = 256;
// Sorts of classes whose answer is remembered while classes are walked.
constexpr std::size_t kRememberedMax = 128;
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

class Planner {
 public:
  Planner(const State& state, const Query& query) : state_(state), query_(query) {}

  ClassPlan run() {
    const std::vector<std::string>& fields = query_.fields();
    const bool reads_class = std::ranges::any_of(fields, is_class_field);
    const bool reads_image = std::ranges::binary_search(fields, "image");
    if (!reads_class) {
      plan_at_once();
    } else if (reads_image || std::ranges::binary_search(fields, "type")) {
      plan_by_kind();
    } else {
      plan_by_number();
    }
    return std::move(plan_);
  }

 private:
  void take(const LiveClass& live, Truth truth) {
    if (truth == Truth::No || live.resources.empty()) return;
    if (truth == Truth::Yes) {
      plan_.whole.push_back(&live);
    } else {
      plan_.depends.push_back(&live);
      plan_.tests += live.resources.size();
    }
  }
  const LiveClass& live(const SharedClass& traits) const {
    return *state_.classes.get(traits->number);
  }

  void plan_at_once() {
    static const Value kNothing = Value::object();
    const Truth truth = query_.decide(ValueView(kNothing), kClassFields);
    if (truth == Truth::Depends) {
      plan_.everything = true;
      plan_.tests = state_.resources.size();
    } else if (truth == Truth::Yes) {
      for (const auto& [number, of] : state_.classes) take(of, truth);
    }
  }

  // Classes differ only in what few fields say: each sort of them is asked about once.
  void plan_by_number() {
    for (const auto& [number, of] : state_.classes) take(of, remembered(*of.traits));
  }

  Truth remembered(const ResourceClass& traits) {
    for (const auto& [known, truth] : remembered_) {
      if (known->status == traits.status && known->health == traits.health &&
          known->stale == traits.stale && known->owner == traits.owner &&
          known->type == traits.type) {
        return truth;
      }
    }
    const Truth truth = query_.decide(ValueView(traits.document), kClassFields);
    if (remembered_.size() < kRememberedMax) remembered_.emplace_back(&traits, truth);
    return truth;
  }

  // In order of type and image, as far as the query demands one.
  void plan_by_kind() {
    const Demands demands = demands_of(query_);
    reads_image_ = std::ranges::binary_search(query_.fields(), "image");
    if (!demands.types && !demands.images) {
      for (const SharedClass& traits : state_.ordered_classes) look_at(traits);
      return;
    }
    if (demands.types) {
      for (const std::string& type : *demands.types) plan_type(type, demands);
      return;
    }
    for (auto at = state_.ordered_classes.begin(); at != state_.ordered_classes.end();) {
      const std::string type = (*at)->type;
      plan_type(type, demands);
      at = from(type + '\0', "");
    }
  }

  void plan_type(const std::string& type, const Demands& demands) {
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
    if (!reads_image_) return take(live(traits), remembered(*traits));
    const ValueView view(traits->document);
    if (!last_ || !same_kind(*last_, *traits)) {
      is_kind_ruled_out_ = query_.decide(view, kKindFields) == Truth::No;
      last_ = traits;
    }
    if (is_kind_ruled_out_) return;
    const Truth truth = query_.decide(view, kClassFields);
    if (truth != Truth::No) take(live(traits), truth);
  }

  const State& state_;
  const Query& query_;
  ClassPlan plan_;
  std::vector<std::pair<const ResourceClass*, Truth>> remembered_;
  bool reads_image_ = false;
  SharedClass last_;
  bool is_kind_ruled_out_ = false;
};

}  // namespace

ClassPlan plan_classes(const State& state, const Query& query) {
  return Planner(state, query).run();
}

}  // namespace storm
