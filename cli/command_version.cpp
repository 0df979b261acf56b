#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {

ExitCode version_command(Session& session, bool client_only) {
  Value versions = Value(Value::Object{{"stormctl", STORM_VERSION}});
  if (!client_only) {
    const Answer answer = session.client.get("/v1/version");
    const Value* version = answer.ok() ? answer.body.find("version") : nullptr;
    if (version != nullptr) versions.add("stormd", *version);
  }
  switch (session.options.output) {
    case OutputFormat::Json:
    case OutputFormat::Ndjson:
      session.print(to_json(versions) + "\n");
      break;
    case OutputFormat::Yaml:
      session.print(to_yaml(versions));
      break;
    default:
      for (const auto& [name, version] : versions.as_object()) {
        session.print(fmt::format("{} {}\n", name, printable(text_of(version))));
      }
  }
  return ExitCode::Ok;
}

}  // namespace storm::cli
