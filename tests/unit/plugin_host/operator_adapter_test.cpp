#include "core/plugin_host/operator_adapter.hpp"

#include "catch.hpp"
#include "plugin_fixture.hpp"

namespace storm {
namespace {

struct Words {
  Words() {
    Manifest manifest = test::manifest_of("words", "words");
    manifest.id = "operator.words";
    manifest.kind = "operator";
    manifest.provides = {"storm.queryop/1"};
    auto started = PluginInstance::start(manifest, "words", Value::object(), environment.value);
    REQUIRE(started);
    instance = *started;
    auto created = OperatorAdapter::create(std::move(*started));
    REQUIRE(created);
    adapter = *created;
  }
  std::shared_ptr<const OperatorProgram> compile(const Value& argument, const Value& modifiers) {
    auto compiled = adapter->compile("$starts", argument, modifiers);
    REQUIRE(compiled);
    return *compiled;
  }

  test::Environment environment;
  std::shared_ptr<PluginInstance> instance;
  std::shared_ptr<const OperatorAdapter> adapter;
};

const Value kNone = Value::object();

TEST_CASE("operator: its names are the plugin's", "[plugin_host]") {
  Words words;
  CHECK(words.adapter->operators() == std::vector<std::string>{"$starts"});
  CHECK(words.adapter->modifiers() == std::vector<std::string>{"$fold"});
}

TEST_CASE("operator: a program matches, hints and is shared", "[plugin_host]") {
  Words words;
  const auto plain = words.compile("web", kNone);
  CHECK(plain->matches("webapp"));
  CHECK_FALSE(plain->matches("WEBapp"));
  CHECK_FALSE(plain->matches(7));
  CHECK_FALSE(plain->matches(Value::array()));
  const OperatorHint hint = plain->hint();
  CHECK(hint.kind == OperatorHint::Kind::Prefix);
  CHECK(hint.keys == std::vector<std::string>{"web"});
  CHECK_FALSE(hint.exact);

  const auto folding = words.compile("web", Value(Value::Object{{"$fold", true}}));
  CHECK(folding->matches("WEBapp"));
  CHECK(folding->hint().kind == OperatorHint::Kind::None);
}

TEST_CASE("operator: what the plugin gives up on does not match and is counted", "[plugin_host]") {
  Words words;
  const auto program = words.compile("web", kNone);
  CHECK_FALSE(program->matches("web and much more"));
  const auto metrics = words.instance->services().metrics();
  REQUIRE(metrics.size() == 1);
  CHECK(metrics[0].name == "operator_cut_offs_total");
  CHECK(metrics[0].value == 1);
}

TEST_CASE("operator: a wrong argument is refused in the plugin's words", "[plugin_host]") {
  Words words;
  const auto refused = words.adapter->compile("$starts", 7, kNone);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::InvalidArgument);
  CHECK(refused.error().message == "$starts needs a text");
}

TEST_CASE("operator: the plugin stays until its last program is gone", "[plugin_host]") {
  Words words;
  auto program = words.compile("web", kNone);
  words.adapter = nullptr;
  CHECK(words.instance->state() == PluginState::Started);
  CHECK(program->matches("webapp"));
  program = nullptr;
  CHECK(words.instance->state() == PluginState::Stopped);
}

}  // namespace
}  // namespace storm
