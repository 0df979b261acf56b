// $group and the relations: what the query asks of the world around a document.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"

namespace storm {
namespace {

class Relative final : public DocumentView {
 public:
  explicit Relative(std::string_view document) : document_(*parse_json(document)) {}
  const Value* field(std::string_view name) const override { return document_.find(name); }
  const DocumentView* related(Relation relation) const override {
    const auto found = relatives_.find(relation);
    return found == relatives_.end() ? nullptr : found->second;
  }
  bool in_group(std::string_view name) const override {
    return groups_.find(name) != groups_.end();
  }
  void relate(Relation relation, const Relative& to) { relatives_[relation] = &to; }
  void join(std::string_view group) { groups_.emplace(group); }

 private:
  Value document_;
  std::map<Relation, const DocumentView*> relatives_;
  std::set<std::string, std::less<>> groups_;
};

Query compiled(std::string_view filter) {
  const auto query = Query::parse(*parse_json(filter), OperatorSet());
  REQUIRE(query);
  return *query;
}

std::string refusal(std::string_view filter) {
  const auto query = Query::parse(*parse_json(filter), OperatorSet());
  if (query) return "accepted";
  return query.error().problems.at(0).pointer + " | " + query.error().problems.at(0).message;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("relation: the condition is on the relative, and false without one", "[query]") {
  Relative task(R"({"type":"task"})");
  Relative service(R"({"type":"service","names":["web"]})");
  Relative swarm(R"({"type":"swarm"})");
  task.relate(Relation::Parent, service);
  service.relate(Relation::Cluster, swarm);
  CHECK(compiled(R"({"$parent":{"names":"web"}})").matches(task));
  CHECK(compiled(R"({"$parent":{}})").matches(task));
  CHECK_FALSE(compiled(R"({"$parent":{"names":"db"}})").matches(task));
  CHECK_FALSE(compiled(R"({"$host":{}})").matches(task));
  CHECK(compiled(R"({"$nor":[{"$host":{}}]})").matches(task));
  CHECK(compiled(R"({"$or":[{"$host":{}},{"$parent":{"$cluster":{"type":"swarm"}}}]})")
            .matches(task));
  CHECK_FALSE(compiled(R"({"$parent":{"$owner":{}}})").matches(task));
}

TEST_CASE("relation: a group is asked by name, of relatives too", "[query]") {
  Relative task(R"({"type":"task"})");
  Relative service(R"({"type":"service"})");
  task.relate(Relation::Parent, service);
  task.join("front");
  service.join("paid");
  CHECK(compiled(R"({"$group":"front"})").matches(task));
  CHECK_FALSE(compiled(R"({"$group":"paid"})").matches(task));
  CHECK(compiled(R"({"$parent":{"$group":"paid"},"$nor":[{"$group":"back"}]})").matches(task));
}

TEST_CASE("relation: what has to be kept live is known", "[query]") {
  const Query query = compiled(
      R"({"type":"task","$group":"b","$or":[{"$group":"a"},{"$parent":{"$host":{"$group":"c","x":1}}}]})");
  CHECK(query.groups() == Names{"a", "b", "c"});
  CHECK(query.relations() ==
        (static_cast<unsigned>(Relation::Parent) | static_cast<unsigned>(Relation::Host)));
  // What is read of the relative is not read of the document, but its reference is.
  CHECK(query.fields() == Names{"parent", "type"});
  CHECK(query.paths() == Names{"parent", "type"});
  static constexpr std::string_view kKnown[] = {"parent", "type"};
  CHECK_FALSE(query.reads_only(kKnown));
  CHECK(query.decide(Relative(R"({"type":"task"})"), kKnown) == Truth::Depends);
  CHECK(query.decide(Relative(R"({"type":"node"})"), kKnown) == Truth::No);
  CHECK(compiled(R"({"type":1})").relations() == 0);
  CHECK(compiled(R"({"type":1})").reads_only(kKnown));
}

TEST_CASE("relation: what is wrong is refused with its place", "[query]") {
  CHECK(refusal(R"({"$group":""})") == "/$group | $group needs the name or the id of a group");
  CHECK(refusal(R"({"$and":[{"$group":5}]})") ==
        "/$and/0/$group | $group needs the name or the id of a group");
  CHECK(refusal(R"({"$parent":"x"})") == "/$parent | a filter is an object, not string");
  CHECK(refusal(R"({"$parent":{"a":{"$gtt":1}}})") ==
        R"(/$parent/a/$gtt | unknown operator "$gtt"; did you mean "$gt"?)");
  CHECK(
      refusal(R"({"a":{"$elemMatch":{"$parent":{}}}})") ==
      "/a/$elemMatch/$parent | $parent is about the whole document and cannot stand in $elemMatch");
  CHECK(refusal(R"({"a":{"$group":"x"}})") ==
        "/a/$group | $group stands beside fields, not inside of one");
  CHECK(refusal(R"({"$parnt":{}})") ==
        R"(/$parnt | unknown operator "$parnt"; did you mean "$parent"?)");
}

TEST_CASE("relation: relatives of relatives are bounded", "[query]") {
  std::string filter = R"({"a":1})";
  for (std::size_t i = 0; i < kQueryRelationsMax; ++i) filter = R"({"$parent":)" + filter + "}";
  CHECK(refusal(filter) == "accepted");
  CHECK(refusal(R"({"$host":)" + filter + "}") ==
        "/$host/$parent/$parent/$parent/$parent | more than 4 relations inside each other");
}

}  // namespace storm
