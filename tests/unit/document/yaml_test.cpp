#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_reader.hpp"
#include "core/document/yaml_writer.hpp"

using storm::parse_yaml;
using storm::to_json;
using storm::to_yaml;
using storm::Value;

TEST_CASE("yaml: plain scalars are typed, quoted ones are strings", "[document]") {
  auto document = parse_yaml(
      "a: 1\nb: '1'\nc: yes\nd: true\ne: 1.5\nf: ~\ng: 0x10\nh: 1.2.3\ni: '^x:'\n", "f.yml");
  REQUIRE(document);
  CHECK(to_json(document->root) ==
        R"({"a":1,"b":"1","c":"yes","d":true,"e":1.5,"f":null,"g":16,"h":"1.2.3","i":"^x:"})");
}

TEST_CASE("yaml: every value and key knows its line and column", "[document]") {
  auto document = parse_yaml("list:\n- one: 1\n  two: [x, y]\n", "f.yml");
  REQUIRE(document);
  CHECK(document->place("/list/0/two/1") == "f.yml:3:12");
  CHECK(document->key_place("/list/0/two") == "f.yml:3:3");
  CHECK(document->place("/list/0/absent") == "f.yml:2:3");
}

TEST_CASE("yaml: broken text, duplicate keys and bombs are refused with their place",
          "[document]") {
  auto broken = parse_yaml("a: [1,\nb: }", "f.yml");
  REQUIRE_FALSE(broken);
  CHECK_THAT(broken.error().message, Catch::Matchers::StartsWith("f.yml:2:"));
  auto twice = parse_yaml("a: 1\na: 2\n", "f.yml");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message == "f.yml:2:1: duplicate key \"a\"");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) bomb += "," + before;
    bomb += "]\n";
  }
  CHECK_FALSE(parse_yaml(bomb, "bomb.yml"));
  CHECK_FALSE(parse_yaml(std::string(100'000, '['), "deep.yml"));
}

TEST_CASE(
    "yaml: written as people know it: sorted nested keys, dashes not indented, quotes where needed",
    "[document]") {
  auto value = storm::parse_json(
      R"({"name":"hello-world","query":{"type":"swarm-task","image":{"$regex":"^library/hello-world:"}},)"
      R"("services":[{"port":80,"name":"http"}],"include":[],"empty":{},"nothing":null,"on":"yes","n":"1","t":"it's: x",)"
      R"("plain":"a b","lists":[[1,2],["x"]],"text":"one\ntwo\n"})");
  REQUIRE(value);
  CHECK(to_yaml(*value) ==
        "name: hello-world\n"
        "query:\n"
        "  image:\n"
        "    $regex: '^library/hello-world:'\n"
        "  type: swarm-task\n"
        "services:\n"
        "- name: http\n"
        "  port: 80\n"
        "include: []\n"
        "empty: {}\n"
        "nothing: null\n"
        "'on': 'yes'\n"
        "'n': '1'\n"
        "t: 'it''s: x'\n"
        "plain: a b\n"
        "lists:\n"
        "- - 1\n"
        "  - 2\n"
        "- - x\n"
        "text: |\n"
        "  one\n"
        "  two\n");
}

TEST_CASE("yaml: what is written reads back the same", "[document]") {
  const auto text = GENERATE(as<std::string>(), "", " ", "a: b", "- x", "#c", "a #b", "0x1f", "1e3",
                             "2001-01-01", "null", "é", "line\n", "a\n\nb", "tab\there", "'", "\"",
                             "!x", "@", "%", "`", "? x", ":", "x:", "{}", "[a", "...", "---",
                             "one\ntwo", "\nlead", "end \nx", "1:30", "+1", "-", "~", "\x01");
  auto read = parse_yaml(to_yaml(Value(Value::Object{{"k", text}})), "t");
  REQUIRE(read);
  CHECK(read->root.find("k")->is_string());
  CHECK(*read->root.find("k") == Value(text));
}
