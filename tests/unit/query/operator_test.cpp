#include "core/query/operator.hpp"

#include "catch.hpp"
#include "core/query/query.hpp"

namespace storm {
namespace {

// Compiles nothing: its error says what it was called with.
class Fake final : public OperatorSource {
 public:
  Fake(std::vector<std::string> operators, std::vector<std::string> modifiers)
      : operators_(std::move(operators)), modifiers_(std::move(modifiers)) {}
  std::vector<std::string> operators() const override { return operators_; }
  std::vector<std::string> modifiers() const override { return modifiers_; }
  Result<std::shared_ptr<const OperatorProgram>> compile(std::string_view name, const Value&,
                                                         const Value& modifiers) const override {
    std::string text(name);
    for (const auto& [key, value] : modifiers.as_object()) text += " " + key;
    return Error{Errc::PluginFault, text};
  }

 private:
  const std::vector<std::string> operators_;
  const std::vector<std::string> modifiers_;
};

std::shared_ptr<const OperatorSource> fake(std::vector<std::string> operators,
                                           std::vector<std::string> modifiers) {
  return std::make_shared<Fake>(std::move(operators), std::move(modifiers));
}

}  // namespace

TEST_CASE("operators: two sources of one name are refused", "[query]") {
  OperatorSet set;
  REQUIRE(set.add(fake({"$glob", "$cidr"}, {"$flags"})));
  const auto twice = set.add(fake({"$semver", "$glob"}, {}));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == Errc::AlreadyExists);
  CHECK(twice.error().message == "the operator $glob is installed twice");
  CHECK_FALSE(set.add(fake({"$x"}, {"$flags"})));
  CHECK_FALSE(set.add(fake({"$flags"}, {})));
  CHECK(set.names() == std::vector<std::string>{"$cidr", "$glob"});
  CHECK(set.find("$semver") == nullptr);
  CHECK(set.is_modifier("$flags"));
  CHECK_FALSE(set.is_modifier("$glob"));
}

TEST_CASE("operators: a source gets its own modifiers, and its error keeps its code", "[query]") {
  OperatorSet set;
  REQUIRE(set.add(fake({"$glob"}, {"$flags"})));
  REQUIRE(set.add(fake({"$cidr"}, {"$family"})));
  Value operators = Value::object();
  operators.set("$family", 4);
  operators.set("$cidr", "10.0.0.0/8");
  operators.set("$flags", "i");
  Value filter = Value::object();
  filter.set("address", std::move(operators));
  const auto alone = Query::parse(filter, set);
  REQUIRE_FALSE(alone);
  CHECK(alone.error().code == Errc::PluginFault);
  CHECK(alone.error().message == "/address/$cidr: $cidr: $cidr $family");
}

}  // namespace storm
