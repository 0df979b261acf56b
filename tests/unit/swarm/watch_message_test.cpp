#include "plugins/executors/swarm/watch_message.hpp"

#include <random>
#include <string>

#include "catch.hpp"

using namespace storm::swarm;

namespace {

// A protobuf message, written by hand.
class Message {
 public:
  Message& varint(std::uint32_t number, std::uint64_t value) {
    write(number << 3U);
    write(value);
    return *this;
  }
  Message& bytes(std::uint32_t number, const std::string& value) {
    write((number << 3U) | 2U);
    write(value.size());
    text_ += value;
    return *this;
  }
  Message& bytes(std::uint32_t number, const Message& value) { return bytes(number, value.text_); }
  Message& fixed64(std::uint32_t number) {
    write((number << 3U) | 1U);
    text_ += "12345678";
    return *this;
  }
  Message& fixed32(std::uint32_t number) {
    write((number << 3U) | 5U);
    text_ += "1234";
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void write(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) text_ += static_cast<char>(value | 0x80U);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

Message meta(std::uint64_t version) { return Message().bytes(1, Message().varint(1, version)); }

Message task_object() {
  return Message()
      .bytes(1, "task-id")
      .bytes(2, meta(300).fixed64(9))
      .bytes(3, "spec: not even a message \xff\xff")  // never looked at
      .bytes(4, "service-id")
      .varint(5, 1)
      .bytes(6, "node-id")
      .bytes(9, Message().bytes(1, "time").varint(2, 512).fixed32(3))
      .varint(10, 800);
}

Message event(std::uint64_t action, std::uint32_t kind, const Message& object) {
  return Message().varint(1, action).bytes(2, Message().bytes(kind, object));
}

std::optional<std::vector<WatchEvent>> read(const std::string& text) {
  return read_watch_message({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("watch message: an event of a task tells id, version, states and places", "[swarm]") {
  const auto events = read(Message().bytes(1, event(2, 4, task_object())).bytes(2, "x").text());
  REQUIRE(events);
  REQUIRE(events->size() == 1);
  const WatchEvent& task = events->front();
  CHECK(task.kind == ObjectKind::Task);
  CHECK_FALSE(task.removed);
  CHECK(task.id == "task-id");
  CHECK(task.version == 300);
  CHECK(task.service_id == "service-id");
  CHECK(task.node_id == "node-id");
  CHECK(task_state_name(task.state) == "running");
  CHECK(task_state_name(task.desired_state) == "remove");
}

TEST_CASE("watch message: several events, removals and other kinds", "[swarm]") {
  const Message object = Message().bytes(1, "id").bytes(2, meta(7));
  const auto events = read(Message()
                               .bytes(1, event(1, 2, object))
                               .bytes(1, event(4, 1, object))
                               .bytes(1, event(1, 6, object))  // a secret: not ours
                               .text());
  REQUIRE(events);
  REQUIRE(events->size() == 2);
  CHECK((*events)[0].kind == ObjectKind::Service);
  CHECK((*events)[1].kind == ObjectKind::Node);
  CHECK((*events)[1].removed);
  CHECK(read("")->empty());
}

TEST_CASE("watch message: broken messages are refused", "[swarm]") {
  const std::string good = Message().bytes(1, event(2, 4, task_object())).text();
  for (std::size_t size = 1; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(good.substr(0, size)));
  }
  CHECK_FALSE(read(Message().bytes(1, event(1, 4, Message().bytes(2, meta(1)))).text()));  // no id
  CHECK_FALSE(read(Message()
                       .bytes(1, event(1, 4, Message().bytes(1, std::string(kWatchIdMax + 1, 'x'))))
                       .text()));
  CHECK_FALSE(read(std::string("\x0b", 1)));                      // a group
  CHECK_FALSE(read(std::string("\x02\x00", 2)));                  // field 0
  CHECK_FALSE(read(std::string(11, '\xff')));                     // an endless varint
  CHECK_FALSE(read(std::string("\x0a\xff\xff\xff\xff\x0f", 6)));  // longer than the message
}

TEST_CASE("watch message: any bytes are read without harm", "[swarm]") {
  std::mt19937 random(7);
  const std::string good = Message().bytes(1, event(2, 4, task_object())).text();
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    (void)read(text);
  }
  SUCCEED();
}

TEST_CASE("watch message: the answer about health", "[swarm]") {
  const std::string serving = Message().varint(1, 1).text();
  CHECK(read_health_response({reinterpret_cast<const std::uint8_t*>(serving.data()), 2}) == 1U);
  CHECK(read_health_response({}) == 0U);
  const std::string broken = "\x08";
  CHECK_FALSE(read_health_response({reinterpret_cast<const std::uint8_t*>(broken.data()), 1}));
}

TEST_CASE("watch message: states between two known ones take the lower name", "[swarm]") {
  CHECK(task_state_name(0) == "new");
  CHECK(task_state_name(64) == "pending");
  CHECK(task_state_name(700) == "shutdown");
  CHECK(task_state_name(832) == "orphaned");
  CHECK(task_state_name(9999) == "orphaned");
}
