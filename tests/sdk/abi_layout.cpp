#include "abi_layout.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <sstream>

namespace storm::abi {
namespace {

struct Extent {
  std::size_t size;
  std::size_t align;
};

std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  static const std::regex around(R"( ?([*(),;{}]) ?)");
  out = std::regex_replace(out, around, "$1");
  static const std::regex star(R"(\*(?=\w))");
  return std::regex_replace(out, star, "* ");
}

// Takes the preprocessor's lines out; keeps what they define.
std::string strip_directives(const std::string& text, Layout& layout) {
  std::string joined = std::regex_replace(text, std::regex(R"(\\\n)"), " ");
  std::istringstream lines(joined);
  std::string out;
  bool for_cxx = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#ifdef __cplusplus")) for_cxx = true;
    if (!line.starts_with('#')) {
      if (!for_cxx) out += line + "\n";
      continue;
    }
    if (line.starts_with("#endif") || line.starts_with("#else")) for_cxx = false;
    static const std::regex define(R"(#define (STORM_\w+)\s+("[^"]*"|\d+)\s*(/\*.*)?)");
    std::smatch found;
    if (std::regex_match(line, found, define)) layout.constants.push_back({found[1], found[2]});
  }
  return out;
}

class HeaderReader {
 public:
  HeaderReader(std::string text, std::map<std::string, Extent>& types, Layout& layout)
      : text_(std::move(text)), types_(types), layout_(layout) {}

  void read() {
    while (at_ < text_.size() && layout_.error.empty()) {
      skip_to_declaration();
      if (at_ >= text_.size()) return;
      read_declaration(take_declaration());
    }
  }

 private:
  // The comments before the next declaration.
  std::string skip_to_declaration() {
    std::string comments;
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        ++at_;
      } else if (text_.compare(at_, 2, "/*") == 0) {
        comments += take_comment();
      } else {
        break;
      }
    }
    return comments;
  }
  std::string take_comment() {
    const std::size_t end = std::min(text_.find("*/", at_), text_.size() - 2) + 2;
    const std::string comment = text_.substr(at_, end - at_);
    at_ = end;
    return comment;
  }
  // A comment that begins on the line where the declaration ended.
  std::string trailing_comment() {
    std::size_t next = at_;
    while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t')) ++next;
    if (text_.compare(next, 2, "/*") != 0) return {};
    at_ = next;
    return take_comment();
  }
  // Up to the ';' outside of all brackets.
  std::string take_declaration() {
    const std::size_t first = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      if (text_.compare(at_, 2, "/*") == 0) {
        take_comment();
        continue;
      }
      const char c = text_[at_++];
      if (c == '{' || c == '(') ++depth;
      if (c == '}' || c == ')') --depth;
      if (c == ';' && depth == 0) break;
    }
    return text_.substr(first, at_ - first);
  }

  void read_declaration(const std::string& raw) {
    static const std::regex comment(R"(/\*[^]*?\*/)");
    const std::string bare = squeeze(std::regex_replace(raw, comment, " "));
    std::smatch found;
    static const std::regex structure(R"(typedef struct (\w+)\{.*\}(\w+);)");
    static const std::regex enumeration(R"(enum\{(.*)\};)");
    static const std::regex function(R"(typedef (.*)\(\* ?(\w+)\)(\(.*\));)");
    static const std::regex alias(R"(typedef (.*) (\w+);)");
    if (std::regex_match(bare, found, structure)) {
      const std::size_t open = raw.find('{');
      read_struct(found[1], raw.substr(open + 1, raw.rfind('}') - open - 1));
    } else if (std::regex_match(bare, found, enumeration)) {
      read_enumeration(found[1]);
    } else if (std::regex_match(bare, found, function)) {
      layout_.constants.push_back({found[2], found[1].str() + "(*)" + found[3].str()});
      types_[found[2]] = {8, 8};
    } else if (std::regex_match(bare, found, alias)) {
      const std::string type = found[1];
      layout_.constants.push_back({found[2], type});
      if (types_.contains(type)) types_[found[2]] = types_[type];
    } else {
      layout_.error = "cannot read: " + bare;
    }
  }

  void read_enumeration(const std::string& body) {
    static const std::regex item(R"((\w+) ?= ?(-?\w+))");
    for (std::sregex_iterator it(body.begin(), body.end(), item), end; it != end; ++it) {
      layout_.constants.push_back({(*it)[1], (*it)[2]});
    }
  }

  void read_struct(const std::string& name, const std::string& body) {
    Struct result{name, {}, 0};
    std::size_t align = 1;
    HeaderReader inside(body, types_, layout_);
    while (inside.at_ < inside.text_.size()) {
      std::string comments = inside.skip_to_declaration();
      if (inside.at_ >= inside.text_.size()) break;
      const std::string raw = inside.take_declaration();
      comments += raw + inside.trailing_comment();
      add_member(raw, comments, result, align);
      if (!layout_.error.empty()) return;
    }
    result.size = (result.size + align - 1) / align * align;
    types_[name] = {result.size, align};
    layout_.structs.push_back(std::move(result));
  }

  void add_member(const std::string& raw, const std::string& comments, Struct& result,
                  std::size_t& align) {
    static const std::regex comment(R"(/\*[^]*?\*/)");
    const std::string bare = squeeze(std::regex_replace(raw, comment, " "));
    static const std::regex function(R"((.*)\(\* ?(\w+)\)(\(.*\));)");
    static const std::regex array(R"((\w+) (\w+)\[(\d+)\];)");
    static const std::regex united(R"(union\{(.*)\}(\w+);)");
    static const std::regex plain(R"((.*[ *])(\w+);)");
    std::smatch found;
    Member member;
    Extent extent{8, 8};
    if (std::regex_match(bare, found, function)) {
      member.name = found[2];
      member.type = found[1].str() + "(*)" + found[3].str();
    } else if (std::regex_match(bare, found, array)) {
      member.name = found[2];
      member.type = found[1].str() + "[" + found[3].str() + "]";
      const Extent one = extent_of(found[1]);
      extent = {one.size * std::stoul(found[3]), one.align};
    } else if (std::regex_match(bare, found, united)) {
      member.name = found[2];
      member.type = "union{" + found[1].str() + "}";
      extent = union_extent(found[1]);
    } else if (std::regex_match(bare, found, plain)) {
      member.name = found[2];
      member.type = squeeze(found[1].str());
      extent = extent_of(member.type);
    } else {
      layout_.error = result.name + ": cannot read: " + bare;
      return;
    }
    static const std::regex tag(R"(\[(ctl|work|watch|pure|any|wait)\])");
    const bool callable =
        member.type.find("(*)") != std::string::npos || member.type == "storm_op_fn";
    if (callable && std::regex_search(comments, found, tag)) member.thread = found[1];
    member.offset = (result.size + extent.align - 1) / extent.align * extent.align;
    member.size = extent.size;
    result.size = member.offset + member.size;
    align = std::max(align, extent.align);
    result.members.push_back(std::move(member));
  }

  Extent union_extent(const std::string& body) {
    Extent all{0, 1};
    static const std::regex item(R"((\w+) \w+;)");
    for (std::sregex_iterator it(body.begin(), body.end(), item), end; it != end; ++it) {
      const Extent one = extent_of((*it)[1]);
      all = {std::max(all.size, one.size), std::max(all.align, one.align)};
    }
    return all;
  }
  Extent extent_of(const std::string& type) {
    if (type.ends_with('*')) return {8, 8};
    const auto known = types_.find(type);
    if (known != types_.end()) return known->second;
    if (type.ends_with(" const")) return extent_of(type.substr(0, type.size() - 6));
    layout_.error = "unknown type " + type;
    return {1, 1};
  }

  const std::string text_;
  std::size_t at_ = 0;
  std::map<std::string, Extent>& types_;
  Layout& layout_;
};

template <typename Things>
auto find_named(const Things& things, const std::string& name) {
  return std::ranges::find(things, name, [](const auto& thing) { return thing.name; });
}

// May be raised: it says how much has been added.
constexpr std::string_view kMinor = "STORM_ABI_MINOR";

}  // namespace

Layout read_headers(const std::vector<std::string>& texts) {
  Layout layout;
  std::map<std::string, Extent> types = {
      {"uint8_t", {1, 1}},  {"uint16_t", {2, 2}}, {"uint32_t", {4, 4}},
      {"uint64_t", {8, 8}}, {"int8_t", {1, 1}},   {"int16_t", {2, 2}},
      {"int32_t", {4, 4}},  {"int64_t", {8, 8}},  {"double", {8, 8}}};
  for (const std::string& text : texts) {
    HeaderReader(strip_directives(text, layout), types, layout).read();
  }
  return layout;
}

std::string to_lock(const Layout& layout) {
  std::ostringstream out;
  for (const Constant& constant : layout.constants) {
    out << "constant " << constant.name << " " << constant.value << "\n";
  }
  for (const Struct& structure : layout.structs) {
    out << "struct " << structure.name << " " << structure.size << "\n";
    for (const Member& member : structure.members) {
      out << "  " << member.offset << " " << member.size << " " << member.name << " "
          << (member.thread.empty() ? "-" : member.thread) << " " << member.type << "\n";
    }
  }
  return out.str();
}

Layout read_lock(std::string_view text) {
  Layout layout;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    if (line.starts_with("constant ")) {
      Constant constant;
      std::string word;
      words >> word >> constant.name >> std::ws;
      std::getline(words, constant.value);
      layout.constants.push_back(std::move(constant));
    } else if (line.starts_with("struct ")) {
      Struct structure;
      std::string word;
      words >> word >> structure.name >> structure.size;
      layout.structs.push_back(std::move(structure));
    } else if (line.starts_with("  ") && !layout.structs.empty()) {
      Member member;
      words >> member.offset >> member.size >> member.name >> member.thread >> std::ws;
      std::getline(words, member.type);
      if (member.thread == "-") member.thread.clear();
      layout.structs.back().members.push_back(std::move(member));
    } else {
      layout.error = "cannot read: " + line;
    }
  }
  return layout;
}

std::vector<std::string> broken_promises(const Layout& locked, const Layout& now) {
  std::vector<std::string> broken;
  for (const Constant& constant : locked.constants) {
    const auto found = find_named(now.constants, constant.name);
    if (found == now.constants.end()) {
      broken.push_back(constant.name + " is gone");
    } else if (constant.name == kMinor) {
      if (std::stoi(found->value) < std::stoi(constant.value)) {
        broken.push_back(constant.name + " went back");
      }
    } else if (found->value != constant.value) {
      broken.push_back(constant.name + " was " + constant.value + ", is " + found->value);
    }
  }
  for (const Struct& structure : locked.structs) {
    const auto found = find_named(now.structs, structure.name);
    if (found == now.structs.end()) {
      broken.push_back(structure.name + " is gone");
      continue;
    }
    for (std::size_t i = 0; i < structure.members.size(); ++i) {
      const Member& member = structure.members[i];
      const std::string name = structure.name + "." + member.name;
      if (i >= found->members.size() || found->members[i].name != member.name) {
        broken.push_back(name + " is not where it was");
        break;
      }
      if (found->members[i] != member) {
        broken.push_back(name + " was [" + member.thread + "] " + member.type + " at " +
                         std::to_string(member.offset) + ", is [" + found->members[i].thread +
                         "] " + found->members[i].type + " at " +
                         std::to_string(found->members[i].offset));
      }
    }
    if (found->members.size() > structure.members.size() && !structure.may_grow()) {
      broken.push_back(structure.name + " is frozen and has grown");
    }
  }
  return broken;
}

}  // namespace storm::abi
