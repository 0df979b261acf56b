#include "core/config/config.hpp"

namespace storm {
std::string_view name_of(LogLevel level) { return kLogLevels[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_named(std::string_view name) {
  for (std::size_t i = 0; i < kLogLevels.size(); ++i) {
    if (kLogLevels[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string to_text(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::Default:
      return "default";
    case Origin::Kind::File:
      return origin.where;
    case Origin::Kind::Environment:
      return "environment " + origin.where;
    case Origin::Kind::Flag:
      return "flag " + origin.where;
  }
  return "default";
}

Origin Config::origin_of(std::string_view pointer) const {
  for (std::string here(pointer); !here.empty(); here.resize(here.rfind('/'))) {
    const auto found = origins.find(here);
    if (found != origins.end()) return found->second;
  }
  return {};
}

}  // namespace storm
