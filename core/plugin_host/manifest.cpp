#include "core/plugin_host/manifest.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "core/document/yaml_reader.hpp"

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
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed) return Error{Errc::Io, path.string() + ": " + failed.message()};
  if (size > kManifestBytesMax) {
    return Error{Errc::TooLarge, fmt::format("{}: a plugin manifest has at most {} bytes, this {}",
                                             path.string(), kManifestBytesMax, size)};
  }
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (!stream) return Error{Errc::Io, path.string() + ": cannot be read"};
  return parse_manifest(text, path);
}

}  // namespace storm
