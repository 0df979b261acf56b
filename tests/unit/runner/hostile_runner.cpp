// A runner that is none: what it sends is named by its first argument, where stormd puts the name
// of the instance.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "core/runner/child_process.hpp"
#include "core/runner/frame_socket.hpp"
#include "core/runner/wire.hpp"

namespace {

using namespace storm;
using namespace storm::runner;

struct Peer {
  FrameSocket socket{Descriptor(kInheritedSocket)};
  std::uint64_t epoch = 0;

  void say(std::uint64_t of, std::uint64_t call, Body body) {
    static_cast<void>(write_message(Message{of, call, std::move(body)},
                                    [&](Bytes bytes) { return socket.send(bytes, -1); }));
  }
  void say(std::uint64_t call, Body body) { say(epoch, call, std::move(body)); }
  // The number of the next call; ends the process when there is none any more.
  std::uint64_t next_call() {
    for (;;) {
      auto frame = socket.receive(true);
      if (!frame) ::_exit(0);
      auto message = read_message((*frame)->bytes());
      if (!message) ::_exit(9);
      if (std::holds_alternative<Hello>(message->body)) continue;
      if (const auto* const ping = std::get_if<Ping>(&message->body)) {
        say(0, Pong{ping->sequence});
        continue;
      }
      epoch = message->epoch;
      return message->call;
    }
  }
};

Finished finished(std::uint32_t functions) {
  Finished answer;
  answer.functions = functions;
  return answer;
}

// Answers as a runner does, but one byte or more of each answer is another one.
void mutate(Peer& peer, std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::uint64_t call = peer.next_call();
  std::vector<std::byte> bytes;
  static_cast<void>(write_message(Message{peer.epoch, call, finished(0x60)}, [&](Bytes written) {
    bytes.assign(written.begin(), written.end());
    return Result<void>();
  }));
  for (unsigned i = 0; i <= random() % 3; ++i) {
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
  }
  static_cast<void>(peer.socket.send(bytes));
  for (;;) peer.say(peer.next_call(), finished(0));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string habit = argc > 1 ? argv[1] : "";
  if (habit == "leaves") return 7;
  Peer peer;
  if (habit == "silent") peer.next_call(), peer.next_call();
  if (habit == "garbage") ::send(kInheritedSocket, "garbage", 7, 0);
  if (habit == "rude") peer.say(peer.next_call(), finished(0));
  if (habit == "old") peer.say(0, 0, Hello{kProtocol + 1, "9.9"});
  peer.say(0, 0, Hello{kProtocol, "1.0"});
  if (habit == "greets_twice") peer.say(0, 0, Hello{kProtocol, "1.0"});
  if (habit.rfind("mutates ", 0) == 0) {
    mutate(peer, static_cast<std::uint32_t>(std::strtoul(habit.c_str() + 8, nullptr, 10)));
  }
  const std::uint64_t load = peer.next_call();
  if (habit == "other_epoch") peer.say(peer.epoch - 1, load, finished(0));
  if (habit == "other_call") peer.say(load + 100, finished(0));
  if (habit == "publishes") peer.say(load, Publish());
  if (habit == "pongs") peer.say(0, Pong{77});
  if (habit == "commands") peer.say(load, Call{});
  if (habit == "unsealed") {
    const int memory = ::memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    static_cast<void>(::ftruncate(memory, 100'000));
    struct {
      std::uint32_t magic = 0x4D525453;
      std::uint16_t version = 1, flags = 1;
      std::uint64_t length = 100'000;
    } header;
    iovec part = {&header, sizeof header};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(rights)) = memory;
    ::sendmsg(kInheritedSocket, &message, 0);
  }
  peer.say(load, finished(0x60));  // describe and watch are there
  if (habit == "answers_twice") peer.say(load, finished(0x60));
  if (habit == "deaf") {
    ::pause();
  }
  for (;;) peer.say(peer.next_call(), finished(0));
}
