#include "core/config/print_config.hpp"

#include <fmt/format.h>

#include "core/document/json.hpp"
#include "core/model/url_password.hpp"

namespace storm {
namespace {

constexpr std::string_view kHidden = "***";

class SecretMask {
 public:
  explicit SecretMask(const Redactor::Options& options) : redactor_("", options) {}

  Value masked(const Value& value) const {
    switch (value.kind()) {
      case Value::Kind::Object: {
        Value copy = Value::object();
        for (const auto& [key, member] : value.as_object()) {
          const bool hide = redactor_.is_secret_name(key) && !member.is_null();
          copy.add(key, hide ? Value(kHidden) : masked(member));
        }
        return copy;
      }
      case Value::Kind::Array: {
        Value copy = Value::array();
        for (const Value& item : value.as_array()) copy.push_back(masked(item));
        return copy;
      }
      case Value::Kind::String:
        if (value.as_string().find("PRIVATE KEY-----") != std::string::npos) return kHidden;
        return replace_url_passwords(value.as_string(),
                                     [](std::string_view) { return std::string(kHidden); })
            .value_or(value.as_string());
      default:
        return value;
    }
  }

 private:
  Redactor redactor_;
};

template <typename Texts>
Value list_of(const Texts& texts) {
  Value list = Value::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

class Printer {
 public:
  explicit Printer(const Config& config) : config_(config), mask_(config.redaction) {}

  // JSON is YAML as well, and needs no rules for quoting.
  void line(std::string_view head, const Value& value, std::string_view pointer) {
    text_ += fmt::format("{}{}  # {}\n", head, to_json(value), to_text(config_.origin_of(pointer)));
  }
  void comment(std::string_view text) { text_ += fmt::format("# {}\n", text); }
  void section(std::string_view name) { text_ += fmt::format("{}:\n", name); }

  void map(std::string_view head, const Value& value, const std::string& pointer,
           std::string_view indent) {
    if (value.as_object().empty()) return line(fmt::format("{} ", head), value, pointer);
    text_ += fmt::format("{}\n", head);
    const Value shown = mask_.masked(value);
    for (const auto& [key, member] : shown.as_object()) {
      line(fmt::format("{}{}: ", indent, to_json(Value(key))), member, pointer_join(pointer, key));
    }
  }

  void instances(const std::string& name, const std::vector<InstanceConfig>& list) {
    const std::string pointer = "/" + name;
    if (list.empty()) return line(name + ": ", Value::array(), pointer);
    section(name);
    for (std::size_t i = 0; i < list.size(); ++i) {
      Value item = Value::object();
      item.add("name", list[i].name);
      item.add("plugin", list[i].plugin);
      item.add("config", mask_.masked(list[i].config));
      line("  - ", item, pointer_join(pointer, i));
    }
  }

  std::string take() { return std::move(text_); }

 private:
  const Config& config_;
  const SecretMask mask_;
  std::string text_;
};

}  // namespace

std::string to_commented_yaml(const Config& config) {
  Printer out(config);
  out.comment(config.file.empty() ? "no configuration file" : "read " + config.file);

  Value listen = Value::array();
  for (const Address& address : config.listen) listen.push_back(to_text(address));
  out.line("listen: ", listen, "/listen");

  if (config.access) {
    out.section("tls");
    out.line("  certificate: ", config.access->certificate, "/tls/certificate");
    out.line("  key: ", config.access->key, "/tls/key");
    out.line("tokens: ", config.access->tokens, "/tokens");
  }
  if (config.ephemeral) {
    out.comment(fmt::format("ephemeral: everything is kept in memory only  # {}",
                            to_text(config.origin_of("/ephemeral"))));
  }
  out.section("storage");
  out.line("  plugin: ", config.storage.plugin, "/storage/plugin");
  out.map("  config:", config.storage.config, "/storage/config", "    ");

  out.line("operators: ", config.operators ? list_of(*config.operators) : Value("all"),
           "/operators");
  out.instances("executors", config.executors);

  out.section("plugins");
  out.line("  paths: ", list_of(config.plugins.paths), "/plugins/paths");
  Value isolation = Value::object();
  for (const auto& [plugin, mode] : config.plugins.isolation) isolation.add(plugin, mode);
  out.line("  isolation: ", isolation, "/plugins/isolation");

  out.section("log");
  out.line("  level: ", name_of(config.log_level), "/log/level");
  out.section("redaction");
  out.line("  enabled: ", config.redaction.enabled, "/redaction/enabled");
  out.line("  words: ", list_of(config.redaction.extra_words), "/redaction/words");
  out.section("events");
  out.line("  keep: ", static_cast<std::int64_t>(config.events_kept), "/events/keep");
  out.section("limits");
  out.line("  columns_mb: ", static_cast<std::int64_t>(config.limits.column_megabytes),
           "/limits/columns_mb");
  const auto& tests = config.limits.group_tests;
  out.line("  group_tests: ", tests ? Value(static_cast<std::int64_t>(*tests)) : Value("none"),
           "/limits/group_tests");
  return out.take();
}

}  // namespace storm
