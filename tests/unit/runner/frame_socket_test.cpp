#include "core/runner/frame_socket.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

namespace storm::runner {
namespace {

struct Ends {
  Ends() : Ends(FrameSocket::pair()) {}
  explicit Ends(Result<std::pair<Descriptor, Descriptor>> made)
      : left(std::move(made->first)), right(std::move(made->second)) {}
  FrameSocket left;
  FrameSocket right;
};

std::vector<std::byte> some_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  return bytes;
}

struct Header {
  std::uint32_t magic = 0x4D525453;
  std::uint16_t version = 1;
  std::uint16_t flags = 0;
  std::uint64_t length = 0;
};

// A packet as a peer could send it that keeps to no rule.
void send_raw(const FrameSocket& socket, const Header& header, const std::string& bytes,
              const std::vector<int>& descriptors = {}) {
  Header copy = header;
  iovec parts[2] = {{&copy, sizeof copy}, {const_cast<char*>(bytes.data()), bytes.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control = {};
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof(int) * descriptors.size());
  }
  REQUIRE(::sendmsg(socket.descriptor(), &message, 0) >= 0);
}

std::string refusal(FrameSocket& socket) {
  const auto frame = socket.receive(true);
  return frame ? "accepted" : frame.error().message;
}

Descriptor memory(std::size_t size, int seals) {
  Descriptor made(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::string bytes(size, 'x');
  REQUIRE(::write(made.get(), bytes.data(), size) == static_cast<ssize_t>(size));
  if (seals != 0) REQUIRE(::fcntl(made.get(), F_ADD_SEALS, seals) == 0);
  return made;
}

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

TEST_CASE("frames: small ones and large ones arrive as they were sent", "[runner]") {
  Ends ends;
  for (const std::size_t size :
       {std::size_t{1}, kInlineBytesMax, kInlineBytesMax + 1, std::size_t{3} * 1024 * 1024}) {
    const std::vector<std::byte> sent = some_bytes(size);
    REQUIRE(ends.left.send(sent));
    const auto frame = ends.right.receive(true);
    REQUIRE(frame);
    REQUIRE(*frame);
    const auto bytes = (*frame)->bytes();
    REQUIRE(bytes.size() == size);
    CHECK(std::memcmp(bytes.data(), sent.data(), size) == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0);
  }
}

TEST_CASE("frames: one that is too large is not sent", "[runner]") {
  Ends ends;
  const std::vector<std::byte> bytes(kFrameBytesMax + 1);
  const auto sent = ends.left.send(bytes);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::TooLarge);
}

TEST_CASE("frames: a peer that takes nothing is waited for only so long", "[runner]") {
  Ends ends;
  const std::vector<std::byte> bytes(kInlineBytesMax);
  Result<void> sent;
  for (int i = 0; sent && i < 10'000; ++i) sent = ends.left.send(bytes, 10);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::TimedOut);
}

TEST_CASE("frames: the end of a peer is told", "[runner]") {
  auto pair = FrameSocket::pair();
  REQUIRE(pair);
  FrameSocket left(std::move(pair->first));
  pair->second.reset();
  const auto frame = left.receive(true);
  REQUIRE_FALSE(frame);
  CHECK(frame.error().code == Errc::Unavailable);
  const auto sent = left.send(some_bytes(10));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::Unavailable);
}

TEST_CASE("frames: what is no frame is refused with its own id", "[runner]") {
  Ends ends;
  send_raw(ends.left, {0x12345678, 1, 0, 3}, "abc");
  CHECK(refusal(ends.right) == "frame.magic: 0x12345678");
  send_raw(ends.left, {0x4D525453, 9, 0, 3}, "abc");
  CHECK(refusal(ends.right) == "frame.version: 9, known is 1");
  send_raw(ends.left, {0x4D525453, 1, 8, 3}, "abc");
  CHECK(refusal(ends.right) == "frame.flags: 0x8");
  send_raw(ends.left, {0x4D525453, 1, 0, 4}, "abc");
  CHECK(refusal(ends.right) == "frame.length: it has 3 bytes, it says 4");
  send_raw(ends.left, {0x4D525453, 1, 0, 0}, "");
  CHECK(refusal(ends.right).rfind("frame.length: it says 0 bytes", 0) == 0);
  send_raw(ends.left, {0x4D525453, 1, 0, UINT64_MAX}, "abc");
  CHECK(refusal(ends.right).rfind("frame.length: it says 18446744073709551615", 0) == 0);
  send_raw(ends.left, {0x4D525453, 1, 0, kInlineBytesMax + 1},
           std::string(kInlineBytesMax + 1, 'x'));
  CHECK(refusal(ends.right) == "frame.size: more than 65536 bytes");
  REQUIRE(::send(ends.left.descriptor(), "short", 5, 0) == 5);
  CHECK(refusal(ends.right) == "frame.size: 5 bytes are no frame");
  // And one that is good is still read after all of them.
  REQUIRE(ends.left.send(some_bytes(5)));
  CHECK(ends.right.receive(true));
}

TEST_CASE("frames: memory that could change or is not all there is refused", "[runner]") {
  Ends ends;
  const std::size_t size = 100'000;
  for (const int seals :
       {0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL}) {
    const Descriptor loose = memory(size, seals);
    send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {loose.get()});
    CHECK(refusal(ends.right).rfind("frame.seals: ", 0) == 0);
  }
  const Descriptor sealed = memory(size, kAllSeals);
  send_raw(ends.left, {0x4D525453, 1, 1, size + 1}, "", {sealed.get()});
  CHECK(refusal(ends.right) == "frame.length: its memory has 100000 bytes, it says 100001");
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "x", {sealed.get()});
  CHECK(refusal(ends.right).rfind("frame.memory: ", 0) == 0);
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {});
  CHECK(refusal(ends.right).rfind("frame.memory: ", 0) == 0);
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {sealed.get(), sealed.get()});
  CHECK(refusal(ends.right).rfind("frame.memory: ", 0) == 0);
  send_raw(ends.left, {0x4D525453, 1, 0, 3}, "abc", {sealed.get()});
  CHECK(refusal(ends.right) == "frame.descriptors: nobody asked for one");
  const Descriptor file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {file.get()});
  CHECK(refusal(ends.right) == "frame.seals: its descriptor is no memory that can be sealed");
  const Descriptor holes(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(holes.get(), static_cast<off_t>(size)) == 0);
  REQUIRE(::fcntl(holes.get(), F_ADD_SEALS, kAllSeals) == 0);
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {holes.get()});
  CHECK(refusal(ends.right) == "frame.memory: its memory has holes");
  send_raw(ends.left, {0x4D525453, 1, 1, size}, "", {sealed.get()});
  CHECK(refusal(ends.right) == "accepted");
}

TEST_CASE("frames: no descriptor that a peer hands on stays open", "[runner]") {
  Ends ends;
  const Descriptor sealed = memory(10, kAllSeals);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    send_raw(ends.left, {0x4D525453, 1, 0, 3}, "abc",
             std::vector<int>(static_cast<std::size_t>(1 + i % 6), sealed.get()));
    CHECK(refusal(ends.right) != "accepted");
  }
  CHECK(open_descriptors() == before);
}

}  // namespace
}  // namespace storm::runner
