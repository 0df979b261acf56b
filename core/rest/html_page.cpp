#include "core/rest/html_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json.hpp"
#include "core/model/ids.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/router.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#1d2733;background:#fff}"
    "header{background:#17324d;padding:.6rem 1.2rem}header a{color:#fff;margin-right:1rem;"
    "text-decoration:none}header a:hover,header a:focus{text-decoration:underline}"
    "main{padding:1rem 1.2rem}h1{font-size:1.25rem;margin:.2rem 0 .8rem;word-break:break-all}"
    "a{color:#0b5cad}table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .8rem "
    ".25rem 0;border-bottom:1px solid #d8dee6;vertical-align:top;word-break:break-word}"
    "pre{background:#f4f6f9;padding:.8rem;overflow:auto;white-space:pre-wrap;"
    "word-break:break-word}input{font:inherit;width:min(40rem,70%);padding:.25rem}"
    "button{font:inherit;padding:.25rem .8rem}.note{color:#52606d}.error{color:#a11}"
    "@media(prefers-color-scheme:dark){body{background:#12181f;color:#dde5ee}a{color:#7db8f0}"
    "pre{background:#1b242e}th,td{border-color:#334}.note{color:#9fb0c0}.error{color:#f88}}";

constexpr std::size_t kCellCharactersMax = 120;
constexpr std::size_t kColumnsMax = 8;

// Where a value leads: an id to its entity, a path of the API to itself.
std::string link_of(const std::string& text) {
  if (const auto id = Id::parse(text)) {
    return fmt::format("/v1/{}/{}", collection_of(id->kind), text);
  }
  return text.starts_with("/v1/") ? text : std::string();
}

std::string linked(const std::string& text, std::string_view shown) {
  const std::string link = link_of(text);
  if (link.empty()) return escape_html(shown);
  return fmt::format("<a href=\"{}\">{}</a>", escape_html(link), escape_html(shown));
}

// Pretty JSON with links.
void append_tree(std::string& out, const Value& value, int depth) {
  const std::string margin(static_cast<std::size_t>(depth + 1) * 2, ' ');
  const std::string close(static_cast<std::size_t>(depth) * 2, ' ');
  if (value.is_object() && !value.as_object().empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& [key, item] : value.as_object()) {
      if (!first) out += ",\n";
      first = false;
      out += margin + escape_html(to_json(Value(key))) + ": ";
      append_tree(out, item, depth + 1);
    }
    out += "\n" + close + "}";
  } else if (value.is_array() && !value.as_array().empty()) {
    out += "[\n";
    bool first = true;
    for (const Value& item : value.as_array()) {
      if (!first) out += ",\n";
      first = false;
      out += margin;
      append_tree(out, item, depth + 1);
    }
    out += "\n" + close + "]";
  } else if (value.is_string()) {
    out += linked(value.as_string(), to_json(value));
  } else {
    out += escape_html(to_json(value));
  }
}

// Cut by characters, not inside one.
std::string shortened(std::string text) {
  if (text.size() <= kCellCharactersMax) return text;
  std::size_t end = kCellCharactersMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string cell(const Value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return linked(value.as_string(), shortened(value.as_string()));
  if (value.is_array()) {
    std::string text;
    for (const Value& item : value.as_array()) {
      if (text.size() > kCellCharactersMax * 4) return text + ", …";
      if (!text.empty()) text += ", ";
      text += cell(item);
    }
    return text;
  }
  return escape_html(shortened(to_json(value)));
}

// The columns that say most: ids, words and numbers first, structures after them.
std::vector<std::string> columns_of(const Value::Array& rows) {
  std::vector<std::string> columns;
  for (const Value& row : rows) {
    for (const auto& [key, value] : row.as_object()) {
      if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
    }
  }
  static constexpr std::string_view kFirst[] = {"id",     "type",       "name",        "names",
                                                "status", "health",     "stale",       "image",
                                                "time",   "event_type", "entity_type", "entity_id"};
  std::ranges::stable_sort(columns, {}, [](const std::string& column) {
    return std::ranges::find(kFirst, column) - std::begin(kFirst);
  });
  if (columns.size() > kColumnsMax) columns.resize(kColumnsMax);
  return columns;
}

std::string table_of(const Value::Array& rows) {
  const std::vector<std::string> columns = columns_of(rows);
  std::string out = "<table><thead><tr>";
  for (const std::string& column : columns) {
    out += "<th scope=\"col\">" + escape_html(column) + "</th>";
  }
  out += "</tr></thead><tbody>";
  for (const Value& row : rows) {
    out += "<tr>";
    for (const std::string& column : columns) {
      const Value* value = row.find(column);
      out += "<td>" + (value ? cell(*value) : std::string()) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table>";
}

std::string filter_box(const Url& url) {
  const std::string* query = url.find("q");
  std::string path = "/";
  for (const std::string& segment : url.path) path += percent_encode(segment) + "/";
  path.pop_back();
  return fmt::format(
      "<form action=\"{}\" method=\"get\"><label>Filter <input name=\"q\" value=\"{}\" "
      "placeholder=\"{}\"></label> <button>Apply</button></form>\n",
      escape_html(path), escape_html(query ? *query : ""), escape_html(R"({"status": "running"})"));
}

const std::string* header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool is_list(const Value& body) {
  return body.is_array() && std::ranges::all_of(body.as_array(), &Value::is_object);
}

std::string page(const Request& request, const Answer& answer, const Value& body) {
  std::string title;
  for (const std::string& segment : request.url.path) title += "/" + segment;
  if (title.empty()) title = "/";
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{} · Perfect Storm</title><style>{}</style></head>"
      "<body><header><nav><a href=\"/v1/\"><b>Perfect Storm</b></a>",
      escape_html(title), kStyle);
  for (const EntityKind kind :
       {EntityKind::Resource, EntityKind::Group, EntityKind::Application, EntityKind::Agent,
        EntityKind::Procedure, EntityKind::Job, EntityKind::Subscription, EntityKind::View}) {
    out += fmt::format("<a href=\"/v1/{0}\">{0}</a>", collection_of(kind));
  }
  out += "<a href=\"/v1/events\">events</a><a href=\"/v1/status\">status</a></nav></header><main>";
  out += fmt::format("<h1>{}</h1>\n", escape_html(title));
  if (answer.status >= 400) {
    out += fmt::format("<p class=\"error\">{} {}</p>\n", answer.status, reason_of(answer.status));
  }
  if (is_list(body)) {
    out += filter_box(request.url);
    const std::string* total = header_of(answer, "Storm-Total");
    out += fmt::format("<p class=\"note\">{} of {}", body.as_array().size(),
                       total ? *total : std::to_string(body.as_array().size()));
    if (const std::string* link = header_of(answer, "Link"); link && link->ends_with("\"next\"")) {
      const std::string target = link->substr(1, link->find('>') - 1);
      out += fmt::format(" · <a href=\"{}\" rel=\"next\">next page</a>", escape_html(target));
    }
    out += fmt::format(" · <a href=\"{}\">as JSON</a></p>\n",
                       escape_html(request.url.with("format", "json")));
    out += table_of(body.as_array());
  } else {
    const bool group = request.url.path.size() == 3 &&
                       kind_of_noun(request.url.path[1]) == EntityKind::Group &&
                       answer.status == 200;
    out += "<p class=\"note\">";
    if (group) {
      out += fmt::format("<a href=\"/v1/groups/{}/members\">members</a> · ",
                         escape_html(percent_encode(request.url.path[2])));
    }
    out += fmt::format("<a href=\"{}\">as JSON</a></p>\n<pre>",
                       escape_html(request.url.with("format", "json")));
    append_tree(out, body, 0);
    out += "</pre>";
  }
  return out + "</main></body></html>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
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
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Answer to_html(const Request& request, Answer answer) {
  if (answer.content_type != "application/json") return answer;
  std::string text;
  if (const auto* whole = std::get_if<std::string>(&answer.body)) {
    text = *whole;
  } else if (auto* pieces = std::get_if<Pieces>(&answer.body)) {
    while ((*pieces)(text, kPieceBytes)) {
      if (text.size() <= kHtmlBodyMax) continue;
      return error_answer(Format::Json, 413,
                          "This page would be too large; ask for less with limit.");
    }
    answer.body = text;
  }
  const Result<Value> body = parse_json(text);
  if (!body) return answer;
  answer.body = page(request, answer, *body);
  answer.content_type = "text/html; charset=utf-8";
  answer.with("Content-Security-Policy",
              "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
              "frame-ancestors 'none'; base-uri 'none'");
  return answer;
}

}  // namespace storm::rest
