#include "core/rest/resource_difference.hpp"

#include "core/document/json.hpp"

namespace storm::rest {
namespace {

bool is_noise(std::string_view field) {
  return field == "revision" || field == "observed_at" || field == "first_seen";
}

class Differ {
 public:
  explicit Differ(ResourceDifference& difference) : difference_(difference) {}

  void compare(const std::string& path, const Value* before, const Value* after) {
    if (difference_.more) return;
    if (before && after && before->is_object() && after->is_object()) {
      return compare_objects(path, *before, *after);
    }
    if (before && after && before->is_array() && after->is_array() &&
        before->as_array().size() == after->as_array().size()) {
      for (std::size_t i = 0; i < after->as_array().size(); ++i) {
        compare(join(path, std::to_string(i)), &before->as_array()[i], &after->as_array()[i]);
      }
      return;
    }
    if (before && after && *before == *after) return;
    tell(path, before, after);
  }

  void compare_objects(const std::string& path, const Value& before, const Value& after) {
    for (const auto& [key, value] : after.as_object()) {
      if (path.empty() && is_noise(key)) continue;
      compare(join(path, key), before.find(key), &value);
    }
    for (const auto& [key, value] : before.as_object()) {
      if (!after.find(key)) compare(join(path, key), &value, nullptr);
    }
  }

 private:
  static std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  void tell(const std::string& path, const Value* before, const Value* after) {
    if (difference_.changed.size() == kChangedPathsMax) {
      difference_.more = true;
      return;
    }
    Value entry(Value::Object{{"path", path}});
    add(entry, "old", before);
    add(entry, "new", after);
    difference_.changed.push_back(std::move(entry));
  }

  // A side that was not there has no member; one that is too large says how large.
  static void add(Value& entry, const std::string& side, const Value* value) {
    if (!value) return;
    const std::size_t bytes =
        value->is_array() || value->is_object() || value->is_string() ? to_json(*value).size() : 0;
    if (bytes > kChangedValueBytes) {
      entry.add(side + "_bytes", static_cast<std::uint64_t>(bytes));
    } else {
      entry.add(side, *value);
    }
  }

  ResourceDifference& difference_;
};

}  // namespace

ResourceDifference difference_of(const Resource& before, const Resource& after) {
  ResourceDifference difference;
  Differ differ(difference);
  differ.compare_objects("", to_value_without_snapshot(before), to_value_without_snapshot(after));
  if (before.snapshot == after.snapshot) return difference;
  const Result<Value> old_snapshot = before.snapshot ? parse_json(before.snapshot.text()) : Value();
  const Result<Value> new_snapshot = after.snapshot ? parse_json(after.snapshot.text()) : Value();
  if (old_snapshot && new_snapshot) differ.compare("snapshot", &*old_snapshot, &*new_snapshot);
  return difference;
}

}  // namespace storm::rest
