#include "core/plugin_host/plugin_note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/plugin_host/plugin_refusal.hpp"
#include "storm/note.h"

namespace storm {
namespace {

constexpr std::size_t kListItemsMax = 256;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < kListItemsMax) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::ranges::sort(words);
  return words;
}

std::string joined(std::vector<std::string> items) {
  std::ranges::sort(items);
  return fmt::format("[{}]", fmt::join(items, ", "));
}

Error invalid(std::string what) { return Error{Errc::InvalidArgument, std::move(what)}; }

}  // namespace

Result<PluginNote> parse_note(std::string_view text) {
  if (text.size() > STORM_NOTE_BYTES_MAX) {
    return invalid(fmt::format("it has more than {} bytes", STORM_NOTE_BYTES_MAX));
  }
  PluginNote note;
  std::string provides;
  std::string needs;
  struct Key {
    std::string_view name;
    std::string* value;
    bool seen = false;
  };
  std::array<Key, 7> keys = {{{"abi", &note.abi},
                              {"min", &note.min},
                              {"id", &note.id},
                              {"version", &note.version},
                              {"runtime", &note.runtime},
                              {"provides", &provides},
                              {"needs", &needs}}};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return invalid("its last line has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::size_t equals = line.find('=');
    const bool printable = std::ranges::all_of(
        line, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
    if (equals == std::string_view::npos || !printable) {
      return invalid("it has a line that is not KEY=VALUE");
    }
    const auto key = std::ranges::find(keys, line.substr(0, equals), &Key::name);
    if (key == keys.end()) continue;
    if (key->seen) return invalid(fmt::format("it says {} twice", key->name));
    key->seen = true;
    *key->value = line.substr(equals + 1);
  }
  for (const Key& key : keys) {
    if (!key.seen) return invalid(fmt::format("it does not say {}", key.name));
  }
  note.provides = words_of(provides);
  note.needs = words_of(needs);
  return note;
}

Result<void> check_note(const Manifest& manifest, const PluginNote& note) {
  const auto version = [&](std::uint16_t minor) {
    return fmt::format("{}.{}", manifest.abi_major, minor);
  };
  struct Saying {
    std::string_view what;
    std::string in_manifest;
    std::string in_note;
  };
  const Saying sayings[] = {
      {"ABI", version(manifest.abi_built), note.abi},
      {"lowest ABI", version(manifest.abi_min), note.min},
      {"id", manifest.id, note.id},
      {"version", manifest.version, note.version},
      {"runtime", manifest.runtime, note.runtime},
      {"list of interfaces", joined(manifest.provides), joined(note.provides)},
      {"list of services", joined(manifest.needs), joined(note.needs)}};
  for (const Saying& saying : sayings) {
    if (saying.in_manifest == saying.in_note) continue;
    return refuse(
        Refusal::NoteMismatch, manifest.library,
        fmt::format("its note says that its {} is {}, but the manifest {} says {}; "
                    "reinstall the plugin",
                    saying.what, saying.in_note, manifest.file.string(), saying.in_manifest));
  }
  return {};
}

}  // namespace storm
