#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/rest/facets.hpp"
#include "core/rest/listing_sorter.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

// Resources with these statuses, and their ids in that order.
std::vector<Uuid> fill(State& state, std::initializer_list<Status> statuses) {
  std::vector<Uuid> items;
  for (const Status status : statuses) {
    Resource resource;
    resource.id = Id::random(EntityKind::Resource);
    resource.type = "vm";
    resource.names = {"n" + std::to_string(items.size())};
    resource.status = status;
    state.resources.put(resource.id.uuid, std::make_shared<const Resource>(resource));
    items.push_back(resource.id.uuid);
  }
  return items;
}

}  // namespace

TEST_CASE("listing sorter: equal ones keep their order, however often it pauses", "[rest]") {
  State state;
  const std::vector<Uuid> items =
      fill(state, {Status::Stopped, Status::Error, Status::Stopped, Status::Error});
  ListingSorter sorter(state, EntityKind::Resource, *Sort::parse_words("status"), items);
  while (!sorter.run([] { return true; })) {
  }
  CHECK(sorter.take() == std::vector<Uuid>{items[1], items[3], items[0], items[2]});
}

TEST_CASE("listing sorter: a long listing is sorted in slices", "[rest]") {
  State state;
  std::vector<Uuid> items;
  for (int i = 0; i < 500; ++i) {
    const auto more = fill(state, {static_cast<Status>(i % 11)});
    items.push_back(more[0]);
  }
  ListingSorter sorter(state, EntityKind::Resource, *Sort::parse_words("-status"), items);
  int pauses = 0;
  while (!sorter.run([] { return true; })) ++pauses;
  CHECK(pauses > 10);
  std::string last = "~";
  for (const Uuid& uuid : sorter.take()) {
    const std::string status(name_of((*state.resources.get(uuid))->status));
    CHECK(status <= last);
    last = status;
  }
}

TEST_CASE("facets: the most frequent first, the rest together", "[rest]") {
  State state;
  std::vector<Uuid> items = fill(state, {Status::Running, Status::Error, Status::Running});
  auto facets = Facets::parse("status,names,snapshot.nothing", EntityKind::Resource);
  REQUIRE(facets);
  while (!facets->run(state, EntityKind::Resource, items, [] { return true; })) {
  }
  const Value counted = facets->counted();
  CHECK(to_json(*counted.find("status")) ==
        R"({"values":[{"value":"running","count":2},{"value":"error","count":1}],"others":0})");
  CHECK(counted.find("names")->find("values")->as_array().size() == 3);
  CHECK(to_json(*counted.find("snapshot.nothing")) ==
        R"({"values":[{"value":null,"count":3}],"others":0})");

  for (int i = 0; i < 300; ++i) {
    Resource resource;
    resource.id = Id::random(EntityKind::Resource);
    resource.type = "t" + std::to_string(i);
    state.resources.put(resource.id.uuid, std::make_shared<const Resource>(resource));
    items.push_back(resource.id.uuid);
  }
  auto types = Facets::parse("type", EntityKind::Resource);
  REQUIRE(types->run(state, EntityKind::Resource, items, [] { return false; }));
  const Value of_types = types->counted();
  CHECK(of_types.find("type")->find("values")->as_array().size() == kFacetShownMax);
  CHECK(of_types.find("type")->find("others")->as_int() == 301 - 100);
}

TEST_CASE("facets: what is no list of fields is refused", "[rest]") {
  for (const char* words :
       {"", ",", "a,", "a..b", ".a", "typ", "id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id"}) {
    INFO(words);
    CHECK_FALSE(Facets::parse(words, EntityKind::Resource));
  }
}
