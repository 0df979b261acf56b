// An application: groups as components, links between them, what is exposed. A plain value.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/application_text.hpp"
#include "core/model/ids.hpp"

namespace storm {

struct Link {
  Id from_component;
  Id to_component;
  std::string to_service;
  friend bool operator==(const Link&, const Link&) = default;
};

struct Exposure {
  Id component;
  std::string service;
  friend bool operator==(const Exposure&, const Exposure&) = default;
};

struct Application {
  Id id;
  std::optional<std::string> name;
  std::vector<Id> components;
  std::vector<Link> links;
  std::vector<Exposure> expose;
};

Value to_value(const Application& application);

// Components, links and exposed services by the names or ids that were written; the engine resolves
// them. Each keeps the JSON pointer of what said it.
struct ApplicationDraft {
  struct Component {
    std::string group, pointer;
  };
  struct DraftLink {
    std::string from, to, service, pointer;
  };
  struct DraftExposure {
    std::string component, service, pointer;
  };

  Application application;
  // Absent: unchanged.
  std::optional<std::vector<Component>> components;
  std::optional<std::vector<DraftLink>> links;
  std::optional<std::vector<DraftExposure>> expose;
};
ApplicationDraft read_application(const Value& body, const Application* known,
                                  std::vector<Problem>& problems);

// From a row of the store.
Result<Application> application_from_row(Id id, const std::string& row);

}  // namespace storm
