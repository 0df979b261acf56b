#include "plugins/executors/jsonl/line_parser.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

namespace storm::jsonl {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

static_assert(kLinePadding >= simdjson::SIMDJSON_PADDING);

constexpr std::array<std::string_view, 11> kStatuses = {
    "unknown", "creating", "created", "starting", "running", "updating",
    "updated", "stopping", "stopped", "removing", "error"};  // by STORM_STATUS_*
constexpr std::array<std::string_view, 3> kHealths = {"unknown", "healthy",
                                                      "unhealthy"};  // by STORM_HEALTH_*

// Why a line is skipped; never leaves this file.
struct Refusal {
  std::string reason;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string checked(std::string_view key, std::string_view text) {
  if (text.size() > kTextBytesMax) {
    throw Refusal{std::string(key) + " has " + std::to_string(text.size()) + " bytes, at most " +
                  std::to_string(kTextBytesMax) + " are allowed"};
  }
  if (is_blank(text)) throw Refusal{std::string(key) + " is blank"};
  return std::string(text);
}

// Nothing when it is absent or null.
std::string optional_text(const dom::object& object, std::string_view key) {
  dom::element value;
  if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return {};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Refusal{std::string(key) + " is no text"};
  return text.empty() ? std::string() : checked(key, text);
}

std::string required_text(const dom::object& object, std::string_view key) {
  std::string text = optional_text(object, key);
  if (text.empty()) throw Refusal{"it has no " + std::string(key)};
  return text;
}

template <std::size_t N>
std::int32_t word(const dom::object& object, std::string_view key,
                  const std::array<std::string_view, N>& words) {
  const std::string text = optional_text(object, key);
  if (text.empty()) return 0;
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::int32_t>(found - words.begin());
  std::string known;
  for (const std::string_view one : words) (known += known.empty() ? "" : ", ") += one;
  throw Refusal{std::string(key) + " is none of: " + known};
}

// Its id stands among its names, so that it is found by it.
std::vector<std::string> names_of(const dom::object& object, const std::string& uid) {
  std::vector<std::string> names;
  dom::element value;
  if (object.at_key("names").get(value) == simdjson::SUCCESS && !value.is_null()) {
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS) throw Refusal{"names is no list"};
    for (const dom::element item : list) {
      std::string_view name;
      if (item.get(name) != simdjson::SUCCESS) throw Refusal{"names has something that is no text"};
      names.push_back(checked("a name", name));
    }
  }
  if (std::find(names.begin(), names.end(), uid) == names.end()) names.insert(names.begin(), uid);
  if (names.size() > kNamesMax) {
    throw Refusal{"it has more than " + std::to_string(kNamesMax) + " names"};
  }
  return names;
}

sdk::Resource resource_of(const dom::object& object) {
  sdk::Resource resource;
  resource.uid = required_text(object, "id");
  resource.type = required_text(object, "type");
  resource.names = names_of(object, resource.uid);
  resource.parent_uid = optional_text(object, "parent");
  resource.cluster_uid = optional_text(object, "cluster");
  resource.host_uid = optional_text(object, "host");
  resource.image = optional_text(object, "image");
  resource.image_digest = optional_text(object, "image_digest");
  resource.status = word(object, "status", kStatuses);
  resource.health = word(object, "health", kHealths);
  return resource;
}

std::string as_refusal(simdjson::error_code error) {
  return std::string("it is no JSON: ") + simdjson::error_message(error);
}

}  // namespace

struct LineParser::Parsers {
  dom::parser whole;        // checks the whole line
  ondemand::parser slices;  // finds the bytes of the snapshot

  // Empty when there is none.
  std::string snapshot(std::string_view line, bool inside_doc) {
    ondemand::document document;
    ondemand::value value;
    std::string_view bytes;
    auto error = slices.iterate(line.data(), line.size(), line.size() + kLinePadding).get(document);
    if (error == simdjson::SUCCESS) {
      error = inside_doc ? document["doc"]["snapshot"].get(value) : document["snapshot"].get(value);
    }
    if (error == simdjson::NO_SUCH_FIELD) return {};
    if (error == simdjson::SUCCESS) error = simdjson::to_json_string(value).get(bytes);
    if (error != simdjson::SUCCESS) throw Refusal{as_refusal(error)};
    if (bytes.starts_with("null")) return {};
    if (bytes.size() > kSnapshotBytesMax) {
      throw Refusal{"its snapshot has " + std::to_string(bytes.size()) + " bytes, at most " +
                    std::to_string(kSnapshotBytesMax) + " are allowed"};
    }
    bytes = bytes.substr(0, bytes.find_last_not_of(" \t\r\n") + 1);
    return std::string(bytes);
  }

  Change parse(std::string_view line) {
    dom::element root;
    if (const auto error = whole.parse(line.data(), line.size(), false).get(root);
        error != simdjson::SUCCESS) {
      throw Refusal{as_refusal(error)};
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) throw Refusal{"it is no object"};
    const std::string operation = optional_text(object, "op");
    if (operation == "remove") return Removal{required_text(object, "id")};
    if (operation.empty()) {
      sdk::Resource resource = resource_of(object);
      resource.snapshot_json = snapshot(line, false);
      return resource;
    }
    if (operation != "upsert") throw Refusal{"op is neither upsert nor remove"};
    dom::object doc;
    if (object.at_key("doc").get(doc) != simdjson::SUCCESS) throw Refusal{"its doc is no object"};
    sdk::Resource resource = resource_of(doc);
    if (const std::string id = optional_text(object, "id"); !id.empty() && id != resource.uid) {
      throw Refusal{"its id is not that of its doc"};
    }
    resource.snapshot_json = snapshot(line, true);
    return resource;
  }
};

LineParser::LineParser() : parsers_(std::make_unique<Parsers>()) {}
LineParser::~LineParser() = default;

Change LineParser::parse(std::string_view line) {
  try {
    return parsers_->parse(line);
  } catch (Refusal& refusal) {
    return BadLine{std::move(refusal.reason)};
  }
}

}  // namespace storm::jsonl
