#include "core/rest/field_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/edit_distance.hpp"

namespace storm::rest {
namespace {

using Word = std::string_view;

constexpr Word kAgent[] = {"id", "type", "name", "heartbeat", "status", "options", "source"};
constexpr Word kResource[] = {"id",         "type",  "names",       "owner",    "parent",
                              "cluster",    "host",  "image",       "status",   "health",
                              "first_seen", "stale", "observed_at", "revision", "snapshot"};
constexpr Word kGroup[] = {"id", "name", "query", "services", "include", "exclude"};
constexpr Word kApplication[] = {"id", "name", "components", "links", "expose"};
constexpr Word kProcedure[] = {"id", "type", "name", "content", "options", "params"};
constexpr Word kJob[] = {"id",      "type",   "owner",  "target", "procedure", "content",
                         "options", "params", "status", "result", "created"};
constexpr Word kSubscription[] = {"id", "group", "procedure", "target", "options", "params"};
constexpr Word kView[] = {"id",   "name", "group", "query", "measure",
                          "path", "by",   "limit", "value"};

}  // namespace

std::span<const std::string_view> field_names(EntityKind kind) {
  switch (kind) {
    case EntityKind::Agent:
      return kAgent;
    case EntityKind::Resource:
      return kResource;
    case EntityKind::Group:
      return kGroup;
    case EntityKind::Application:
      return kApplication;
    case EntityKind::Procedure:
      return kProcedure;
    case EntityKind::Job:
      return kJob;
    case EntityKind::Subscription:
      return kSubscription;
    case EntityKind::View:
      return kView;
  }
  return {};
}

Result<void> check_field(EntityKind kind, std::string_view name, std::string_view parameter) {
  const std::span<const std::string_view> known = field_names(kind);
  if (std::ranges::find(known, name) != known.end()) return {};
  std::string message = fmt::format("There is no field \"{}\"{}", name, suggest(name, known));
  if (!message.ends_with('?')) message += '.';
  return Error{Errc::InvalidArgument,
               fmt::format("{}: {}", parameter, message),
               {{fmt::format("?{}", parameter), message}}};
}

}  // namespace storm::rest
