#include "core/plugin_host/isolation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/plugin_host/manifest.hpp"

namespace storm {
namespace {

std::string listed(const std::vector<Isolation>& allowed) {
  std::string text;
  for (const Isolation one : allowed) {
    text += (text.empty() ? "" : ", ") + std::string(name_of(one));
  }
  return text;
}

}  // namespace

std::string_view name_of(Isolation isolation) {
  return isolation == Isolation::Process ? "process" : "in-process";
}

Result<Isolation> choose_isolation(const Manifest& manifest, const IsolationChoices& choices) {
  auto choice = choices.find(manifest.id);
  // A name alone means the executor: other kinds have no choice.
  if (choice == choices.end() && manifest.kind == "executor") choice = choices.find(manifest.name);
  if (choice == choices.end()) return manifest.isolation.otherwise;
  const Isolation chosen = choice->second == "process" ? Isolation::Process : Isolation::InProcess;
  if (std::ranges::count(manifest.isolation.allowed, chosen) > 0) return chosen;
  if (manifest.kind != "executor") {
    return Error{Errc::InvalidArgument,
                 fmt::format("the configuration says plugins.isolation.{}: {}, but {} is a {} "
                             "plugin, and those run in stormd itself only; leave it out",
                             choice->first, name_of(chosen), manifest.id, manifest.kind)};
  }
  return Error{Errc::InvalidArgument,
               fmt::format("the configuration says plugins.isolation.{}: {}, but the manifest {} "
                           "of {} allows only {}; leave it out",
                           choice->first, name_of(chosen), manifest.file.string(), manifest.id,
                           listed(manifest.isolation.allowed))};
}

}  // namespace storm
