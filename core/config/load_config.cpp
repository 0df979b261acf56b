#include "core/config/load_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <span>

#include "core/base/edit_distance.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_reader.hpp"

namespace storm {
namespace {

namespace fs = std::filesystem;
using Kind = Origin::Kind;

constexpr std::size_t kProblemsMax = 20;  // reported at once
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kShownBytesMax = 60;  // of a wrong value in a message
constexpr const char* kNoMongo =
    "the MongoDB storage plugin does not exist yet; use the embedded SQLite store "
    "(storage: {plugin: sqlite, config: {path: FILE}}), which is also the default";

using Names = std::initializer_list<std::string_view>;

// What was found wrong so far.
class Problems {
 public:
  void add(const std::string& place, const std::string& pointer, const std::string& message) {
    ++count_;
    if (list_.size() >= kProblemsMax) return;
    const std::string path = pointer.empty() ? "" : pointer + ": ";
    list_.push_back({pointer, message});
    lines_.push_back(fmt::format("{}: {}{}", place, path, message));
  }
  bool empty() const { return count_ == 0; }
  Error error() const {
    std::string text = fmt::format("{}", fmt::join(lines_, "\n"));
    if (count_ > list_.size()) text += fmt::format("\n... and {} more", count_ - list_.size());
    return {Errc::InvalidArgument, std::move(text), list_};
  }

 private:
  std::size_t count_ = 0;
  std::vector<Problem> list_;
  std::vector<std::string> lines_;
};

std::string shown(const Value& value) {
  std::string text = to_json(value);
  if (text.size() > kShownBytesMax) text = text.substr(0, kShownBytesMax) + "...";
  return text;
}

// An address before it is known which port goes where.
struct Bind {
  std::string text;
  Origin origin;
  std::string pointer;  // in the file; empty elsewhere
};
using Binds = std::vector<Bind>;

// Reads the file's values into a Config, noting where each came from.
class FileReader {
 public:
  FileReader(const YamlDocument& document, Config& config, Binds& binds, Problems& problems)
      : document_(document), config_(config), binds_(binds), problems_(problems) {}

  void read() {
    const Value& root = document_.root;
    if (root.is_null()) return;
    if (!expect(root, "", Value::Kind::Object)) return;
    check_keys(root, "",
               {"listen", "storage", "operators", "executors", "publishers", "plugins", "log",
                "redaction", "events", "limits", "tls", "tokens"});
    read_listen(root);
    read_access(root);
    read_storage(root);
    read_operators(root);
    config_.executors = instances(root, "executors");
    refuse_publishers(root);
    read_plugins(root);
    read_log(root);
    read_redaction(root);
    read_events(root);
    read_limits(root);
  }

 private:
  void refuse(const std::string& pointer, const std::string& message) {
    problems_.add(document_.place(pointer), pointer, message);
  }
  Origin origin(const std::string& pointer) const { return {Kind::File, document_.place(pointer)}; }
  void note(const std::string& pointer) { config_.origins[pointer] = origin(pointer); }

  bool expect(const Value& value, const std::string& pointer, Value::Kind kind) {
    if (value.kind() == kind) return true;
    static constexpr std::array<std::string_view, 7> kWords = {
        "nothing", "true or false", "a whole number", "a number", "a string", "a list", "a map"};
    refuse(pointer,
           fmt::format("must be {}, not {}", kWords[static_cast<std::size_t>(kind)], shown(value)));
    return false;
  }
  void check_keys(const Value& map, const std::string& pointer, Names known) {
    for (const auto& [key, value] : map.as_object()) {
      if (std::ranges::find(known, key) != known.end()) continue;
      const std::string here = pointer_join(pointer, key);
      problems_.add(
          document_.key_place(here), here,
          fmt::format("unknown key \"{}\"{}", key, suggest(key, {known.begin(), known.size()})));
    }
  }
  // The member when it is there, is not null and is of that kind; notes its origin.
  const Value* member(const Value& map, const std::string& parent, std::string_view key,
                      Value::Kind kind) {
    const Value* value = map.find(key);
    if (value == nullptr || value->is_null()) return nullptr;
    const std::string pointer = pointer_join(parent, key);
    if (!expect(*value, pointer, kind)) return nullptr;
    note(pointer);
    return value;
  }
  const Value* section(const Value& root, std::string_view key, Names known) {
    const Value* value = member(root, "", key, Value::Kind::Object);
    if (value != nullptr) {
      // The section's own place is not that of the members it does not name.
      config_.origins.erase(pointer_join("", key));
      check_keys(*value, pointer_join("", key), known);
    }
    return value;
  }
  std::vector<std::string> texts(const Value& map, const std::string& parent,
                                 std::string_view key) {
    std::vector<std::string> list;
    const Value* value = member(map, parent, key, Value::Kind::Array);
    if (value == nullptr) return list;
    const std::string pointer = pointer_join(parent, key);
    for (std::size_t i = 0; i < value->as_array().size(); ++i) {
      const Value& item = value->as_array()[i];
      const std::string here = pointer_join(pointer, i);
      if (!expect(item, here, Value::Kind::String)) continue;
      if (item.as_string().empty()) {
        refuse(here, "must not be empty");
        continue;
      }
      list.push_back(item.as_string());
    }
    return list;
  }
  // A plugin's name becomes part of a file name.
  bool check_plugin_name(const std::string& name, const std::string& pointer) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (!name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, fits)) {
      return true;
    }
    refuse(pointer,
           fmt::format("{} is not a plugin's name; it has small letters, digits, \"_\" and "
                       "\"-\", as in \"swarm\"",
                       shown(Value(name))));
    return false;
  }

  void read_listen(const Value& root) {
    const Value* value = member(root, "", "listen", Value::Kind::Array);
    if (value == nullptr) return;
    if (value->as_array().empty()) {
      return refuse("/listen", "names no address; leave it out for the default");
    }
    binds_.clear();
    for (std::size_t i = 0; i < value->as_array().size(); ++i) {
      const std::string here = pointer_join("/listen", i);
      const Value& item = value->as_array()[i];
      if (!expect(item, here, Value::Kind::String)) continue;
      binds_.push_back({item.as_string(), origin(here), here});
    }
  }

  // As the file says it, made absolute: relative ones begin in the folder of the file.
  std::string whole_path(const std::string& path) const {
    const fs::path folder = fs::path(document_.origin).parent_path();
    std::error_code unknown;
    return fs::absolute(folder / path, unknown).lexically_normal().string();
  }

  std::string path_of(const Value& map, const std::string& parent, std::string_view key) {
    const Value* value = member(map, parent, key, Value::Kind::String);
    if (value == nullptr) return {};
    if (!value->as_string().empty()) return whole_path(value->as_string());
    refuse(pointer_join(parent, key), "must not be empty");
    return {};
  }

  void read_access(const Value& root) {
    AccessConfig access;
    const Value* tls = section(root, "tls", {"certificate", "key"});
    if (tls != nullptr) {
      access.certificate = path_of(*tls, "/tls", "certificate");
      access.key = path_of(*tls, "/tls", "key");
      for (const char* key : {"certificate", "key"}) {
        if (tls->find(key) == nullptr) refuse("/tls", fmt::format("lacks \"{}\"", key));
      }
    }
    access.tokens = path_of(root, "", "tokens");
    if (tls != nullptr && root.find("tokens") == nullptr) {
      return refuse("/tls",
                    "is of no use without tokens; set tokens to a file with NAME TOKEN "
                    "lines");
    }
    if (tls == nullptr && !access.tokens.empty()) {
      return refuse("/tokens", "would cross the network in clear; set tls: {certificate, key} too");
    }
    if (tls != nullptr) config_.access = std::move(access);
  }

  void read_storage(const Value& root) {
    const Value* storage = section(root, "storage", {"plugin", "config"});
    if (storage == nullptr) return;
    if (const Value* plugin = member(*storage, "/storage", "plugin", Value::Kind::String)) {
      const std::string& name = plugin->as_string();
      if (name == "mongodb" || name == "mongo") {
        refuse("/storage/plugin", kNoMongo);
      } else if (check_plugin_name(name, "/storage/plugin")) {
        config_.storage.plugin = name;
      }
    }
    if (const Value* config = member(*storage, "/storage", "config", Value::Kind::Object)) {
      config_.storage.config = *config;
      for (const auto& [key, value] : config->as_object()) {
        note(pointer_join("/storage/config", key));
      }
    }
  }

  void read_operators(const Value& root) {
    const Value* value = root.find("operators");
    if (value != nullptr && value->is_string() && value->as_string() == "all") {
      return note("/operators");
    }
    if (member(root, "", "operators", Value::Kind::Array) == nullptr) return;
    config_.operators = texts(root, "", "operators");
    for (std::size_t i = 0; i < config_.operators->size(); ++i) {
      check_plugin_name((*config_.operators)[i], pointer_join("/operators", i));
    }
  }

  std::vector<InstanceConfig> instances(const Value& root, const std::string& section_name) {
    std::vector<InstanceConfig> list;
    const Value* value = member(root, "", section_name, Value::Kind::Array);
    if (value == nullptr) return list;
    const std::string pointer = "/" + section_name;
    if (value->as_array().size() > kInstancesMax) {
      refuse(pointer, fmt::format("has {} entries; the limit is {}", value->as_array().size(),
                                  kInstancesMax));
      return list;
    }
    std::map<std::string, std::string> places;
    for (std::size_t i = 0; i < value->as_array().size(); ++i) {
      const std::string here = pointer_join(pointer, i);
      auto instance = read_instance(value->as_array()[i], here);
      if (!instance) continue;
      const bool named = value->as_array()[i].find("name") != nullptr;
      const std::string place = document_.place(named ? here + "/name" : here);
      const auto [other, first] = places.emplace(instance->name, place);
      if (!first) {
        problems_.add(place, here + "/name",
                      fmt::format("the name {} is taken at {}; give each of {} its own",
                                  shown(Value(instance->name)), other->second, section_name));
        continue;
      }
      list.push_back(std::move(*instance));
    }
    return list;
  }

  // Known, so that nobody waits for a publisher that nobody runs.
  void refuse_publishers(const Value& root) {
    const Value* value = member(root, "", "publishers", Value::Kind::Array);
    if (value == nullptr || value->as_array().empty()) return;
    refuse("/publishers/0", "there are no publishers yet; leave it out");
  }

  std::optional<InstanceConfig> read_instance(const Value& item, const std::string& here) {
    if (!expect(item, here, Value::Kind::Object)) return std::nullopt;
    check_keys(item, here, {"name", "plugin", "config"});
    note(here);
    InstanceConfig instance;
    const Value* plugin = member(item, here, "plugin", Value::Kind::String);
    if (plugin == nullptr) {
      const Value* wrong = item.find("plugin");
      if (wrong == nullptr || wrong->is_null()) refuse(here, "lacks \"plugin\"");
      return std::nullopt;
    }
    instance.plugin = plugin->as_string();
    if (!check_plugin_name(instance.plugin, here + "/plugin")) return std::nullopt;
    const Value* name = member(item, here, "name", Value::Kind::String);
    instance.name = name != nullptr ? name->as_string() : instance.plugin;
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (instance.name.empty() || instance.name.size() > kNameBytesMax ||
        std::ranges::any_of(instance.name, control)) {
      refuse(here + "/name", fmt::format("must be 1 to {} printable bytes", kNameBytesMax));
      return std::nullopt;
    }
    if (const Value* config = member(item, here, "config", Value::Kind::Object)) {
      instance.config = *config;
    }
    return instance;
  }

  void read_plugins(const Value& root) {
    const Value* plugins = section(root, "plugins", {"paths", "isolation"});
    if (plugins == nullptr) return;
    for (const std::string& path : texts(*plugins, "/plugins", "paths")) {
      config_.plugins.paths.push_back(whole_path(path));
    }
    const Value* isolation = member(*plugins, "/plugins", "isolation", Value::Kind::Object);
    if (isolation == nullptr) return;
    for (const auto& [plugin, mode] : isolation->as_object()) {
      const std::string here = pointer_join("/plugins/isolation", plugin);
      if (!mode.is_string() ||
          (mode.as_string() != "in-process" && mode.as_string() != "process")) {
        refuse(here, fmt::format("must be \"process\" or \"in-process\", not {}", shown(mode)));
      } else {
        config_.plugins.isolation[plugin] = mode.as_string();
      }
    }
  }

  void read_log(const Value& root) {
    const Value* log = section(root, "log", {"level"});
    if (log == nullptr) return;
    const Value* level = member(*log, "/log", "level", Value::Kind::String);
    if (level == nullptr) return;
    if (const auto named = log_level_named(level->as_string())) {
      config_.log_level = *named;
    } else {
      refuse("/log/level", fmt::format("unknown level {}{}", shown(*level),
                                       suggest(level->as_string(), kLogLevels)));
    }
  }

  void read_redaction(const Value& root) {
    const Value* redaction = section(root, "redaction", {"enabled", "words"});
    if (redaction == nullptr) return;
    if (const Value* on = member(*redaction, "/redaction", "enabled", Value::Kind::Bool)) {
      config_.redaction.enabled = on->as_bool();
    }
    config_.redaction.extra_words = texts(*redaction, "/redaction", "words");
  }

  void read_events(const Value& root) {
    const Value* events = section(root, "events", {"keep"});
    if (events == nullptr) return;
    const Value* keep = member(*events, "/events", "keep", Value::Kind::Int);
    if (keep == nullptr) return;
    if (keep->as_int() < kEventsKeptMin || keep->as_int() > kEventsKeptMax) {
      return refuse("/events/keep", fmt::format("must be from {} to {}, not {}", kEventsKeptMin,
                                                kEventsKeptMax, keep->as_int()));
    }
    config_.events_kept = static_cast<std::size_t>(keep->as_int());
  }

  void read_limits(const Value& root) {
    const Value* limits = section(root, "limits", {"columns_mb", "group_tests"});
    if (limits == nullptr) return;
    if (const auto megabytes = count(*limits, "columns_mb", kColumnMegabytesMax))
      config_.limits.column_megabytes = *megabytes;
    const Value* tests = limits->find("group_tests");
    if (tests != nullptr && tests->is_string() && tests->as_string() == "none")
      return note("/limits/group_tests");
    config_.limits.group_tests =
        count(*limits, "group_tests", std::numeric_limits<std::int64_t>::max());
  }

  // A member of `limits`; nothing when it is not there, or wrong.
  std::optional<std::size_t> count(const Value& limits, std::string_view key, std::int64_t most) {
    const Value* value = member(limits, "/limits", key, Value::Kind::Int);
    if (value == nullptr) return std::nullopt;
    if (value->as_int() >= 0 && value->as_int() <= most)
      return static_cast<std::size_t>(value->as_int());
    refuse(pointer_join("/limits", key),
           fmt::format("must be from 0 to {}, not {}", most, value->as_int()));
    return std::nullopt;
  }

  const YamlDocument& document_;
  Config& config_;
  Binds& binds_;
  Problems& problems_;
};

// Environment and flags, over what the file said.
class Overlay {
 public:
  Overlay(const Overrides& overrides, const Environment& environment, Config& config, Binds& binds,
          Problems& problems)
      : overrides_(overrides),
        environment_(environment),
        config_(config),
        binds_(binds),
        problems_(problems) {}

  void apply() {
    if (environment_.variable("STORM_MONGODB")) refuse("STORM_MONGODB", kNoMongo);
    apply_log();
    apply_binds();
    apply_storage();
  }

 private:
  void refuse(const std::string& variable, const std::string& message) {
    problems_.add(to_text(Origin{Kind::Environment, variable}), "", message);
  }
  void note(const char* pointer, Kind kind, const char* where) {
    config_.origins[pointer] = {kind, where};
  }
  bool is_on(const char* name) {
    const auto value = environment_.variable(name);
    if (!value) return false;
    static constexpr std::array<std::string_view, 4> kOn = {"1", "true", "yes", "on"};
    static constexpr std::array<std::string_view, 4> kOff = {"0", "false", "no", "off"};
    if (std::ranges::find(kOn, *value) != kOn.end()) return true;
    if (std::ranges::find(kOff, *value) == kOff.end()) {
      refuse(name, fmt::format("must be 1 or 0, not {}", shown(Value(*value))));
    }
    return false;
  }

  void apply_log() {
    if (const auto level = environment_.variable("STORM_LOG_LEVEL")) {
      if (const auto named = log_level_named(*level)) {
        config_.log_level = *named;
        note("/log/level", Kind::Environment, "STORM_LOG_LEVEL");
      } else {
        refuse("STORM_LOG_LEVEL", fmt::format("must be trace, debug, info, warn or error, not {}",
                                              shown(Value(*level))));
      }
    }
    const bool debug_variable = is_on("STORM_DEBUG");
    if (!debug_variable && !overrides_.debug) return;
    config_.log_level = std::min(config_.log_level, LogLevel::Debug);
    if (overrides_.debug) {
      note("/log/level", Kind::Flag, "--debug");
    } else {
      note("/log/level", Kind::Environment, "STORM_DEBUG");
    }
  }

  void apply_binds() {
    if (const auto text = environment_.variable("STORM_BIND")) {
      replace_binds(split(*text), {Kind::Environment, "STORM_BIND"});
    }
    if (!overrides_.binds.empty()) replace_binds(overrides_.binds, {Kind::Flag, "-b"});
    const auto [port, port_origin] = port_override();
    for (const Bind& bind : binds_) {
      const auto parsed = parse_address(bind.text);
      if (!parsed) {
        problems_.add(to_text(bind.origin), bind.pointer, parsed.error().message);
        continue;
      }
      Address address{parsed->host, parsed->port.value_or(kDefaultPort)};
      const bool stronger = port_origin.kind > bind.origin.kind;
      if (port && (!parsed->port || stronger)) address.port = *port;
      if (port && stronger) config_.origins["/listen"] = port_origin;
      add_address(address, bind);
    }
    if (binds_.size() > kListenMax) {
      problems_.add(
          to_text(binds_.front().origin), "",
          fmt::format("{} addresses to listen on; the limit is {}", binds_.size(), kListenMax));
    }
  }

  void replace_binds(const std::vector<std::string>& texts, const Origin& origin) {
    binds_.clear();
    for (const std::string& text : texts) binds_.push_back({text, origin, ""});
    config_.origins["/listen"] = origin;
  }

  void add_address(const Address& address, const Bind& bind) {
    if (reach_of(address.host) == Reach::Remote && !config_.access) {
      problems_.add(
          to_text(bind.origin), bind.pointer,
          fmt::format("{} can be reached from other machines, which takes TLS and tokens; set "
                      "tls: {{certificate: FILE, key: FILE}} and tokens: FILE, or listen on "
                      "127.0.0.1 or [::1]",
                      to_text(address)));
      return;
    }
    const bool twice =
        address.port != 0 && std::ranges::find(config_.listen, address) != config_.listen.end();
    if (twice) {
      problems_.add(to_text(bind.origin), bind.pointer,
                    fmt::format("{} is named twice", to_text(address)));
      return;
    }
    config_.listen.push_back(address);
  }

  std::pair<std::optional<std::uint16_t>, Origin> port_override() {
    if (overrides_.port) {
      const Origin origin{Kind::Flag, "-p"};
      const auto port = check_port(*overrides_.port);
      if (port) return {*port, origin};
      problems_.add(to_text(origin), "", port.error().message);
    } else if (const auto text = environment_.variable("STORM_PORT")) {
      std::int64_t number = -1;
      const auto [end, problem] =
          std::from_chars(text->data(), text->data() + text->size(), number);
      const bool whole = problem == std::errc() && end == text->data() + text->size();
      const auto port = check_port(whole ? number : -1);
      if (port) return {*port, {Kind::Environment, "STORM_PORT"}};
      refuse("STORM_PORT",
             fmt::format("must be a number from 0 to 65535, not {}", shown(Value(*text))));
    }
    return {};
  }

  void apply_storage() {
    if (is_on("STORM_EPHEMERAL")) {
      config_.ephemeral = true;
      note("/ephemeral", Kind::Environment, "STORM_EPHEMERAL");
    }
    if (overrides_.ephemeral) {
      config_.ephemeral = true;
      note("/ephemeral", Kind::Flag, "--ephemeral");
    }
    const auto path = environment_.variable("STORM_STORAGE_PATH");
    if (config_.storage.plugin != "sqlite") {
      if (path) refuse("STORM_STORAGE_PATH", "is for the storage plugin sqlite only");
      return;
    }
    if (path) {
      config_.storage.config.set("path", *path);
      note("/storage/config/path", Kind::Environment, "STORM_STORAGE_PATH");
    } else if (config_.storage.config.find("path") == nullptr) {
      default_path();
    }
  }

  void default_path() {
    const auto state = environment_.variable("XDG_STATE_HOME");
    const auto home = environment_.variable("HOME");
    fs::path path;
    if (environment_.root) {
      path = "/var/lib";
    } else if (state && state->starts_with('/')) {
      path = *state;  // a relative one is to be ignored, by the XDG specification
    } else if (home) {
      path = fs::path(*home) / ".local/state";
    } else if (!config_.ephemeral) {
      problems_.add("default", "/storage/config/path",
                    "no place for the store, since HOME is not set; set storage.config.path");
      return;
    } else {
      return;
    }
    config_.storage.config.set("path", (path / "perfectstorm/storm.db").string());
    config_.origins["/storage/config/path"] = {};
  }

  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find_first_of(", ", begin), text.size());
      if (end > begin) parts.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return parts;
  }

  const Overrides& overrides_;
  const Environment& environment_;
  Config& config_;
  Binds& binds_;
  Problems& problems_;
};

}  // namespace

Result<Config> load_config(const std::optional<ConfigFile>& file, const Overrides& overrides,
                           const Environment& environment) {
  Config config;
  Problems problems;
  Binds binds = {{"127.0.0.1", {}, ""}};
  if (file) {
    const YamlDocument document = STORM_TRY(parse_yaml(file->text, file->path));
    config.file = file->path;
    FileReader(document, config, binds, problems).read();
  }
  Overlay(overrides, environment, config, binds, problems).apply();
  if (!problems.empty()) return problems.error();
  return config;
}

}  // namespace storm
