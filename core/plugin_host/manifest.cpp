#include "core/plugin_host/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "core/document/yaml_reader.hpp"
#include "core/plugin_host/trusted_file.hpp"

namespace storm {
namespace {

constexpr std::int64_t kManifestVersion = 1;

// Reads members of one manifest; the first thing that is wrong is kept with its place.
class Reader {
 public:
  explicit Reader(const YamlDocument& document) : document_(document) {}

  std::string text(std::string_view key) {
    const Value* value = required(key);
    if (!value) return {};
    if (value->is_string() && !value->as_string().empty()) return value->as_string();
    fail(pointer_join("", key), fmt::format("{} must be a text that is not empty", key));
    return {};
  }
  std::string text_or(std::string_view key, std::string otherwise) {
    return document_.root.find(key) ? text(key) : std::move(otherwise);
  }
  // A version may be written without quotes: 1.0 is a number then, and not what was meant.
  std::string version(std::string_view key) {
    const Value* value = document_.root.find(key);
    if (value && value->is_number()) {
      fail(pointer_join("", key), fmt::format("{} must be quoted or have three parts", key));
      return {};
    }
    return text(key);
  }
  std::uint16_t number(const Value& object, std::string_view pointer, std::string_view key) {
    const Value* value = object.find(key);
    const std::string at = pointer_join(pointer, key);
    if (!value) {
      fail(pointer, fmt::format("{} is missing", at.substr(1)));
      return 0;
    }
    if (!value->is_int() || value->as_int() < 0 || value->as_int() > 65535) {
      fail(at, fmt::format("{} must be a number from 0 to 65535", at.substr(1)));
      return 0;
    }
    return static_cast<std::uint16_t>(value->as_int());
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    const Value* value = document_.root.find(key);
    if (!value) return out;
    const std::string at = pointer_join("", key);
    if (!value->is_array()) {
      fail(at, fmt::format("{} must be a list", key));
      return out;
    }
    for (const Value& item : value->as_array()) {
      if (!item.is_string()) {
        fail(at, fmt::format("{} must be a list of texts", key));
        return out;
      }
      out.push_back(item.as_string());
    }
    return out;
  }
  IsolationRules isolation(std::string_view kind, std::string_view runtime) {
    IsolationRules rules{Isolation::InProcess, {Isolation::InProcess}};
    const bool may_leave = kind == "executor" || kind == "publisher";
    if (may_leave) rules = {Isolation::Process, {Isolation::Process, Isolation::InProcess}};
    if (runtime == "go") rules.allowed = {Isolation::Process};
    const Value* const map = map_of("isolation");
    if (!map) return rules;
    if (const Value* const allowed = map->find("allowed")) {
      rules.allowed.clear();
      if (allowed->is_array()) {
        for (const Value& item : allowed->as_array()) {
          rules.allowed.push_back(mode(item, "/isolation/allowed"));
        }
      }
      if (rules.allowed.empty()) {
        fail("/isolation/allowed", "isolation/allowed must be a list of process, in-process");
        rules.allowed = {rules.otherwise};
      }
      rules.otherwise = rules.allowed.front();
    }
    if (const Value* const otherwise = map->find("default")) {
      rules.otherwise = mode(*otherwise, "/isolation/default");
    }
    const auto allows = [&](Isolation one) { return std::ranges::count(rules.allowed, one) > 0; };
    if (!allows(rules.otherwise)) {
      fail("/isolation/default",
           fmt::format("isolation/default is {}, which isolation/allowed does not have",
                       name_of(rules.otherwise)));
    }
    if (!may_leave && allows(Isolation::Process)) {
      fail("/isolation", fmt::format("{} plugins run in stormd itself only", kind));
    }
    if (runtime == "go" && allows(Isolation::InProcess)) {
      fail("/isolation", "a plugin with the runtime go runs in a process of its own only");
    }
    return rules;
  }
  ProcessLimits limits() {
    ProcessLimits limits;
    const Value* const map = map_of("limits");
    if (!map) return limits;
    if (const Value* const memory = map->find("memory")) limits.memory_bytes = bytes(*memory);
    limits.tasks = count(*map, "tasks", kTasksLimitMin, kTasksLimitMax);
    limits.nofile = count(*map, "nofile", kNofileLimitMin, kNofileLimitMax);
    return limits;
  }
  SandboxRules sandbox() {
    SandboxRules rules;
    const Value* const map = map_of("sandbox");
    const Value* const user = map ? map->find("user") : nullptr;
    if (!user) return rules;
    rules.private_user = *user == Value("private");
    if (!rules.private_user && *user != Value("inherit")) {
      fail("/sandbox/user", "sandbox/user must be private or inherit");
    }
    return rules;
  }
  const Value* required(std::string_view key) {
    const Value* value = document_.root.find(key);
    if (!value) fail("", fmt::format("{} is missing", key));
    return value;
  }
  void fail(std::string_view pointer, const std::string& message) {
    if (!error_) {
      error_ = Error{Errc::InvalidArgument, document_.place(pointer) + ": " + message};
    }
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Value* map_of(std::string_view key) {
    const Value* const map = document_.root.find(key);
    if (!map || map->is_object()) return map;
    fail(pointer_join("", key), fmt::format("{} must be a map", key));
    return nullptr;
  }
  Isolation mode(const Value& value, std::string_view pointer) {
    if (value == Value("process")) return Isolation::Process;
    if (!(value == Value("in-process"))) {
      fail(pointer, fmt::format("{} must be process or in-process", pointer.substr(1)));
    }
    return Isolation::InProcess;
  }
  // "512MiB", "2GiB", or a number of bytes.
  std::uint64_t bytes(const Value& value) {
    constexpr std::string_view kPlace = "/limits/memory";
    std::uint64_t number = 0;
    bool good = false;
    if (value.is_int() && value.as_int() > 0) {
      number = static_cast<std::uint64_t>(value.as_int());
      good = true;
    } else if (value.is_string()) {
      const std::string_view text = value.as_string();
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
      const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
      const unsigned shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : 0;
      good = failed == std::errc() && shift > 0 && number <= (kMemoryLimitMax >> shift);
      number <<= shift;
    }
    if (!good || number < kMemoryLimitMin || number > kMemoryLimitMax) {
      fail(kPlace, fmt::format("limits/memory must be a size such as 512MiB, at least {} MiB",
                               kMemoryLimitMin >> 20U));
      return 0;
    }
    return number;
  }
  std::uint32_t count(const Value& map, std::string_view key, std::uint32_t low,
                      std::uint32_t high) {
    const Value* const value = map.find(key);
    if (!value) return 0;
    if (value->is_int() && value->as_int() >= low && value->as_int() <= high) {
      return static_cast<std::uint32_t>(value->as_int());
    }
    fail(pointer_join("/limits", key),
         fmt::format("limits/{} must be a number from {} to {}", key, low, high));
    return 0;
  }

  const YamlDocument& document_;
  std::optional<Error> error_;
};

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file) {
  const YamlDocument document = STORM_TRY(parse_yaml(text, file.string()));
  if (!document.root.is_object()) {
    return Error{Errc::InvalidArgument, file.string() + ": a plugin manifest must be a map"};
  }
  Reader reader(document);
  const Value* format = reader.required("manifest");
  if (format && !(*format == Value(kManifestVersion))) {
    reader.fail("/manifest", "this manifest format is not known here; known is 1");
  }

  Manifest manifest;
  manifest.file = file;
  manifest.id = reader.text("id");
  manifest.version = reader.version("version");
  if (const Value* summary = document.root.find("summary"); summary && summary->is_string()) {
    manifest.summary = summary->as_string();
  }
  if (const Value* abi = reader.required("abi")) {
    manifest.abi_major = reader.number(*abi, "/abi", "major");
    manifest.abi_built = reader.number(*abi, "/abi", "built");
    manifest.abi_min = reader.number(*abi, "/abi", "min");
  }
  manifest.library = reader.text("library");
  manifest.entry = reader.text("entry");
  manifest.runtime = reader.text_or("runtime", "native");
  manifest.provides = reader.texts("provides");
  manifest.needs = reader.texts("needs");

  const std::size_t dot = manifest.id.find('.');
  if (!manifest.id.empty() &&
      (dot == std::string::npos || dot == 0 || dot + 1 == manifest.id.size())) {
    reader.fail("/id", "id must have the form KIND.NAME, such as executor.swarm");
  }
  manifest.isolation = reader.isolation(manifest.id.substr(0, dot), manifest.runtime);
  manifest.limits = reader.limits();
  manifest.sandbox = reader.sandbox();
  if (reader.error()) return *reader.error();

  manifest.kind = manifest.id.substr(0, dot);
  manifest.name = manifest.id.substr(dot + 1);
  if (manifest.library.is_relative()) manifest.library = file.parent_path() / manifest.library;
  manifest.library = manifest.library.lexically_normal();
  return manifest;
}

Result<Manifest> read_manifest(const std::filesystem::path& file) {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::absolute(file, failed);
  if (failed) return Error{Errc::Io, file.string() + ": " + failed.message()};
  const TrustedFile text = STORM_TRY(read_trusted_file(path, kManifestBytesMax));
  return parse_manifest(text.bytes, path);
}

}  // namespace storm
