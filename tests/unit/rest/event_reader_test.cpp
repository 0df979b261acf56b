#include "core/rest/event_reader.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

void add_event(State& state, std::uint64_t number) {
  Event event;
  event.id = number;
  event.entity = Id::random(EntityKind::Group);
  state.events.put(number, std::make_shared<const Event>(event));
  state.revision = number;
}

void drop_before(State& state, std::uint64_t number) {
  while (!state.events.empty() && state.events.begin()->first < number) {
    state.events.erase(state.events.begin()->first);
  }
}

// "5 6 gap(7-9) 10"
std::string read_all(EventReader& reader, const State& state, std::size_t bytes_max = 1 << 20) {
  std::string text;
  while (reader.read(state, text, bytes_max)) {
  }
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto line = parse_json(text.substr(0, end));
    REQUIRE(line);
    text.erase(0, end + 1);
    if (!shown.empty()) shown += ' ';
    if (line->find("event_type")->as_string() == "gap") {
      shown += "gap(" + std::to_string(line->find("missed_from")->as_int()) + "-" +
               std::to_string(line->find("missed_to")->as_int()) + ")";
    } else {
      shown += std::to_string(line->find("id")->as_int());
    }
  }
  return shown;
}

}  // namespace

TEST_CASE("event reader: each event is read once, in order", "[rest]") {
  State state;
  for (const std::uint64_t number : {3U, 4U, 7U}) add_event(state, number);
  EventReader from_start(0);
  CHECK(read_all(from_start, state) == "3 4 7");
  CHECK(read_all(from_start, state).empty());
  add_event(state, 9);
  CHECK(read_all(from_start, state) == "9");
  EventReader from_four(3);
  CHECK(read_all(from_four, state) == "4 7 9");
  CHECK(from_start.gaps() == 0);
}

TEST_CASE("event reader: a small piece is followed by the rest", "[rest]") {
  State state;
  for (std::uint64_t number = 1; number <= 50; ++number) add_event(state, number);
  EventReader whole(0);
  EventReader pieces(0);
  CHECK(read_all(whole, state) == read_all(pieces, state, 1));
  std::string text;
  EventReader one(0);
  CHECK(one.read(state, text, 1));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("event reader: who falls out of the log is told what is missing and goes on", "[rest]") {
  State state;
  for (std::uint64_t number = 1; number <= 5; ++number) add_event(state, number);
  EventReader reader(0);
  CHECK(read_all(reader, state) == "1 2 3 4 5");
  for (std::uint64_t number = 6; number <= 20; ++number) add_event(state, number);
  drop_before(state, 18);
  CHECK(read_all(reader, state) == "gap(6-17) 18 19 20");
  CHECK(reader.gaps() == 1);
  EventReader resumed(9);
  CHECK(read_all(resumed, state) == "gap(10-17) 18 19 20");
  EventReader just_in_time(17);
  CHECK(read_all(just_in_time, state) == "18 19 20");
}

TEST_CASE("event reader: numbers without an event are no gap", "[rest]") {
  State state;
  add_event(state, 2);
  EventReader reader(2);
  CHECK(read_all(reader, state).empty());
  state.revision = 6;  // changes that record none
  CHECK(read_all(reader, state).empty());
  add_event(state, 9);
  drop_before(state, 9);
  CHECK(read_all(reader, state) == "gap(7-8) 9");  // the log did lose its front meanwhile
}

TEST_CASE("event reader: a server that counts anew is noticed", "[rest]") {
  State state;
  add_event(state, 3);
  EventReader reader(500);
  CHECK(read_all(reader, state) == "gap(4-500)");
  add_event(state, 4);
  CHECK(read_all(reader, state) == "4");
}
