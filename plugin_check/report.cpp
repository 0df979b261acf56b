#include "plugin_check/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"

namespace storm::plugin_check {
namespace {

constexpr std::size_t kIdColumn = 26;

std::string_view word_of(const Outcome& outcome, bool strict) {
  if (outcome.failed(strict)) return "failed";
  if (!outcome.skipped.empty()) return "skipped";
  return outcome.has(Severity::Warning) ? "warned" : "ok";
}

std::string painted(std::string_view text, std::string_view word, bool colors) {
  if (!colors) return std::string(text);
  const int color = word == "failed" || word == "error"     ? 31
                    : word == "warned" || word == "warning" ? 33
                    : word == "ok"                          ? 32
                                                            : 2;
  return fmt::format("\x1b[{}m{}\x1b[0m", color, text);
}

// Text of an XML attribute or element; what XML cannot say is left out.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

// The plugin's own words may be anything; JSON wants UTF-8.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool shown = (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t';
    out += shown ? c : '?';
  }
  return out;
}

std::size_t count_of(const RunReport& report, std::string_view word) {
  return static_cast<std::size_t>(std::ranges::count_if(
      report.outcomes,
      [&](const Outcome& outcome) { return word_of(outcome, report.strict) == word; }));
}

}  // namespace

bool RunReport::failed() const {
  return std::ranges::any_of(outcomes,
                             [&](const Outcome& outcome) { return outcome.failed(strict); });
}

std::string to_text(const Outcome& outcome, bool strict, const TextStyle& style) {
  const std::string_view word = word_of(outcome, strict);
  const bool quiet = word == "ok" && !style.all;
  std::string out =
      fmt::format("{}  {:<{}}{}\n", painted(fmt::format("{:<7}", word), word, style.colors),
                  outcome.check->id, kIdColumn,
                  quiet || word == "ok" ? std::string(outcome.check->what)
                  : word == "skipped"   ? outcome.skipped
                                        : std::string(outcome.check->what));
  for (const Finding& finding : outcome.findings) {
    if (finding.severity == Severity::Note && !style.all) continue;
    const std::string_view name = name_of(finding.severity);
    out += fmt::format("         {}: {}\n", painted(name, name, style.colors), finding.text);
  }
  if (outcome.output.empty() || (!style.all && word != "failed")) return out;
  std::string_view rest = outcome.output;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    out += fmt::format("         | {}\n", plain(line));
  }
  return out;
}

std::string summary_of(const RunReport& report) {
  double seconds = 0;
  for (const Outcome& outcome : report.outcomes) seconds += outcome.seconds;
  return fmt::format(
      "{}: {} checks, {} ok, {} warned, {} failed, {} skipped, in {:.1f} s; "
      "--seed {}\n",
      report.plugin, report.outcomes.size(), count_of(report, "ok"), count_of(report, "warned"),
      count_of(report, "failed"), count_of(report, "skipped"), seconds, report.seed);
}

std::string to_json_text(const RunReport& report) {
  Value checks = Value::array();
  for (const Outcome& outcome : report.outcomes) {
    Value findings = Value::array();
    for (const Finding& finding : outcome.findings) {
      Value item = Value::object();
      item.add("severity", name_of(finding.severity));
      item.add("message", finding.text);
      findings.push_back(std::move(item));
    }
    Value check = Value::object();
    check.add("id", outcome.check->id);
    check.add("result", word_of(outcome, report.strict));
    check.add("seconds", outcome.seconds);
    if (!outcome.skipped.empty()) check.add("skipped", outcome.skipped);
    check.add("findings", std::move(findings));
    if (!outcome.output.empty()) check.add("stderr", plain(outcome.output));
    checks.push_back(std::move(check));
  }
  Value root = Value::object();
  root.add("plugin", report.plugin);
  root.add("library", report.library);
  root.add("seed", report.seed);
  root.add("strict", report.strict);
  root.add("failed", report.failed());
  root.add("checks", std::move(checks));
  return to_json(root, 2) + "\n";
}

std::string to_junit(const RunReport& report) {
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"storm-plugin-check {}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n"
      "  <properties><property name=\"seed\" value=\"{}\"/></properties>\n",
      escaped(report.plugin), report.outcomes.size(), count_of(report, "failed"),
      count_of(report, "skipped"), report.seed);
  for (const Outcome& outcome : report.outcomes) {
    const std::string_view id = outcome.check->id;
    const std::string_view word = word_of(outcome, report.strict);
    out += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">\n",
                       id.substr(0, id.find('.')), id.substr(id.find('.') + 1), outcome.seconds);
    std::string lines;
    for (const Finding& finding : outcome.findings) {
      lines += fmt::format("{}: {}\n", name_of(finding.severity), finding.text);
    }
    if (word == "failed") {
      out += fmt::format("    <failure message=\"{}\">{}</failure>\n", escaped(outcome.check->what),
                         escaped(lines));
    } else if (word == "skipped") {
      out += fmt::format("    <skipped message=\"{}\"/>\n", escaped(outcome.skipped));
    }
    if (word != "failed" && !lines.empty()) {
      out += fmt::format("    <system-out>{}</system-out>\n", escaped(lines));
    }
    if (!outcome.output.empty()) {
      out += fmt::format("    <system-err>{}</system-err>\n", escaped(plain(outcome.output)));
    }
    out += "  </testcase>\n";
  }
  return out + "</testsuite>\n";
}

}  // namespace storm::plugin_check
