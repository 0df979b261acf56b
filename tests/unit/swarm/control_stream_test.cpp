#include "plugins/executors/swarm/control_stream.hpp"

#include <poll.h>

#include <chrono>
#include <string>

#include "catch.hpp"
#include "tests/unit/swarm/false_manager.hpp"

using namespace storm::swarm;
using namespace storm::swarm::testing;

namespace {

using Bytes = std::string;

Bytes frame(const Bytes& message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  Bytes out(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift);
  return out + message;
}

// Advances until `done` or five seconds are over.
template <typename Done>
bool advance_until(ControlStream& stream, const Done& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!done() && std::chrono::steady_clock::now() < end) {
    pollfd fd{stream.fd(), stream.wanted_events(), 0};
    poll(&fd, 1, 20);
    stream.advance();
  }
  return done();
}

std::string failure_of(const FalseAnswers& answers, const std::string& node_id = "node-one") {
  FalseManager manager(answers);
  ControlStream stream({manager.socket_path(), manager.trust_root(), node_id});
  CHECK(advance_until(stream, [&] { return stream.state() == ControlStream::State::Failed; }));
  CHECK(stream.failure().starts_with(manager.socket_path() + ": "));
  return stream.failure();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("control stream: asks for health, then for changes of three kinds, and reads them",
          "[swarm]") {
  for (const bool alpn : {true, false}) {
    CAPTURE(alpn);
    FalseAnswers answers;
    answers.alpn = alpn;
    // One removal of the service "abc", in two frames' worth of messages.
    const Bytes event = Bytes("\x0a\x0b\x08\x04\x12\x07\x12\x05\x0a\x03", 10) + "abc";
    answers.watch += frame(event) + frame(event);
    FalseManager manager(answers);
    {
      ControlStream stream({manager.socket_path(), manager.trust_root(), "node-one"});
      std::vector<WatchEvent> events;
      CHECK(advance_until(stream, [&] {
        for (WatchEvent& each : stream.take_events()) events.push_back(std::move(each));
        return events.size() == 2;
      }));
      CHECK(stream.state() == ControlStream::State::Watching);
      REQUIRE(events.size() == 2);
      CHECK(events[1].id == "abc");
      CHECK(events[1].removed);
      CHECK(events[1].kind == ObjectKind::Service);
    }
    manager.join();
    CHECK(manager.paths() == "/docker.swarmkit.v1.Health/Check\n/docker.swarmkit.v1.Watch/Watch\n");
    // Not one byte more than this is ever sent: no other kind, no resume_from, no old objects.
    CHECK(manager.bodies() == frame("\x0a\x0a"
                                    "ControlAPI") +
                                  frame(Bytes("\x0a\x08\x0a\x04task\x10\x07"
                                              "\x0a\x0b\x0a\x07service\x10\x07"
                                              "\x0a\x08\x0a\x04node\x10\x07")));
  }
}

TEST_CASE("control stream: another daemon's socket is refused", "[swarm]") {
  CHECK(has(failure_of({}, "node-two"), "not that of node node-two"));
  // A root of somebody else.
  FalseManager manager({});
  FalseManager other({});
  ControlStream stream({manager.socket_path(), other.trust_root(), "node-one"});
  CHECK(advance_until(stream, [&] { return stream.state() == ControlStream::State::Failed; }));
  CHECK(has(stream.failure(), "does not belong to this swarm"));
}

TEST_CASE("control stream: answers that are wrong end it with one line", "[swarm]") {
  FalseAnswers answers;
  answers.health = frame("\x08\x02");
  CHECK(has(failure_of(answers), "not serving"));
  answers = {};
  answers.watch_status = "12";
  answers.watch.clear();
  const Bytes refused = failure_of(answers);
  CHECK(has(refused, "status 12 (not implemented)"));
  CHECK_FALSE(has(refused, "as the test says"));  // the manager's words stay with it
  answers.watch_status = "no number";
  CHECK(has(failure_of(answers), "unknown status"));
  answers = {};
  answers.watch += Bytes("\0\x01\x10\0\0", 5) + "the beginning of 17 MB";
  CHECK(has(failure_of(answers), "larger than 16 MB"));
  answers = {};
  answers.watch += Bytes("\1\0\0\0\1x", 6);
  CHECK(has(failure_of(answers), "compressed"));
  answers = {};
  answers.watch += frame("\xff\xff\xff");
  CHECK(has(failure_of(answers), "not one of SwarmKit's"));
  answers = {};
  answers.health = "garbage that is not gRPC";
  CHECK_FALSE(failure_of(answers).empty());
}

TEST_CASE("control stream: a large message arrives whole", "[swarm]") {
  FalseAnswers answers;
  // A task whose spec, stepped over, has 12 MB.
  constexpr std::size_t kSpec = 12U << 20U;
  const auto varint = [](std::size_t value) {
    Bytes out;
    for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
    return out + static_cast<char>(value);
  };
  const auto field = [&](char tag, const Bytes& bytes) {
    return Bytes(1, tag) + varint(bytes.size()) + bytes;
  };
  const Bytes task =
      field('\x0a', "big") + field('\x1a', Bytes(kSpec, 's')) + field('\x22', "service");
  answers.watch += frame(field('\x0a', Bytes("\x08\x01", 2) + field('\x12', field('\x22', task))));
  FalseManager manager(answers);
  {
    ControlStream stream({manager.socket_path(), manager.trust_root(), "node-one"});
    std::vector<WatchEvent> events;
    CHECK(advance_until(stream, [&] {
      for (WatchEvent& each : stream.take_events()) events.push_back(std::move(each));
      return !events.empty();
    }));
    REQUIRE(events.size() == 1);
    CHECK(events[0].id == "big");
    CHECK(events[0].service_id == "service");
  }
}

TEST_CASE("control stream: a path that is none", "[swarm]") {
  FalseManager manager({});
  for (const std::string& path :
       {std::string("/nonexistent/control.sock"), std::string(200, 'x')}) {
    const ControlStream stream({path, manager.trust_root(), "node-one"});
    CHECK(stream.state() == ControlStream::State::Failed);
  }
  const ControlStream no_root({manager.socket_path(), "", "node-one"});
  CHECK(has(no_root.failure(), "no root certificate"));
}
