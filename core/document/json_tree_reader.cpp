#include "core/document/json_tree_reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace storm {
namespace {

namespace dom = simdjson::dom;

// A parser keeps what it has needed; one that read a large text is not kept.
constexpr std::size_t kKeptBytes = std::size_t{256} * 1024;
// Small objects are searched for a key that is there twice, of larger ones the keys are sorted.
constexpr std::size_t kSearchedMembers = 16;

bool has_twin(const Value::Object& members) {
  if (members.size() < kSearchedMembers) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (members[i].first == members[k].first) return true;
      }
    }
    return false;
  }
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const Value::Member& member : members) keys.push_back(member.first);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

// False: it is left to the other reader.
bool read(const dom::element& element, std::size_t depth_left, Value& value) {
  switch (element.type()) {
    case dom::element_type::OBJECT: {
      if (depth_left == 0) return false;
      const dom::object object = element.get_object().value_unsafe();
      Value::Object members;
      members.reserve(object.size());
      for (const dom::key_value_pair member : object) {
        members.emplace_back(std::string(member.key), Value());
        if (!read(member.value, depth_left - 1, members.back().second)) return false;
      }
      if (has_twin(members)) return false;
      value = Value(std::move(members));
      return true;
    }
    case dom::element_type::ARRAY: {
      if (depth_left == 0) return false;
      const dom::array array = element.get_array().value_unsafe();
      Value::Array items;
      items.reserve(array.size());
      for (const dom::element item : array) {
        if (!read(item, depth_left - 1, items.emplace_back())) return false;
      }
      value = Value(std::move(items));
      return true;
    }
    case dom::element_type::STRING:
      value = Value(element.get_string().value_unsafe());
      return true;
    case dom::element_type::INT64:
      value = Value(element.get_int64().value_unsafe());
      return true;
    case dom::element_type::UINT64:
      value = Value(element.get_uint64().value_unsafe());
      return true;
    case dom::element_type::DOUBLE:
      value = Value(element.get_double().value_unsafe());
      return true;
    case dom::element_type::BOOL:
      value = Value(element.get_bool().value_unsafe());
      return true;
    case dom::element_type::NULL_VALUE:
      value = Value();
      return true;
  }
  return false;
}

}  // namespace

std::optional<Value> read_json_tree(std::string_view text, std::size_t depth_max) {
  // Of halves of surrogate pairs versions of the library think differently.
  if (text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos) {
    return std::nullopt;
  }
  thread_local std::unique_ptr<dom::parser> kept;
  std::unique_ptr<dom::parser> parser = std::move(kept);
  if (!parser) parser = std::make_unique<dom::parser>();
  dom::element root;
  // The library reads beyond the end of a text, so it reads a copy.
  const bool whole = parser->parse(text.data(), text.size(), true).get(root) == simdjson::SUCCESS;
  Value value;
  const bool read_all = whole && read(root, depth_max, value);
  if (text.size() <= kKeptBytes) kept = std::move(parser);
  if (!read_all) return std::nullopt;
  return value;
}

}  // namespace storm
