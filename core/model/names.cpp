#include "core/model/names.hpp"

namespace storm {

std::string_view name_of(Status status) { return kStatusNames[static_cast<std::size_t>(status)]; }
std::string_view name_of(Health health) { return kHealthNames[static_cast<std::size_t>(health)]; }
std::string_view name_of(Protocol protocol) {
  return kProtocolNames[static_cast<std::size_t>(protocol)];
}
std::string_view name_of(JobStatus status) {
  return kJobStatusNames[static_cast<std::size_t>(status)];
}
std::string_view name_of(EventType type) { return kEventTypeNames[static_cast<std::size_t>(type)]; }
std::string_view name_of(SourceState state) {
  return kSourceStateNames[static_cast<std::size_t>(state)];
}

}  // namespace storm
