#include "core/runner/frame_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

namespace storm::runner {
namespace {

constexpr std::uint32_t kMagic = 0x4D525453;  // "STRM"
constexpr std::uint16_t kFrameVersion = 1;
constexpr std::uint16_t kInMemory = 1;  // flag: the bytes are in a memfd
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
// A peer that hands on more descriptors than one is closed on; the room is for seeing that it does.
constexpr std::size_t kDescriptorsMax = 4;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint16_t version = kFrameVersion;
  std::uint16_t flags = 0;
  std::uint64_t length = 0;
};
static_assert(sizeof(Header) == 16);

Error system_error(std::string_view what, int code) {
  return Error{Errc::Io, fmt::format("{}: {}", what, std::generic_category().message(code))};
}

Error wrong(std::string_view id, const std::string& what) {
  return Error{Errc::PluginFault, fmt::format("frame.{}: {}", id, what)};
}

Error peer_is_gone() { return Error{Errc::Unavailable, "the other side is gone"}; }

Result<Descriptor> sealed_memory(std::span<const std::byte> bytes) {
  Descriptor memory(::memfd_create("storm-frame", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return system_error("memfd_create", errno);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(memory.get(), bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error("memfd: write", errno);
    written += static_cast<std::size_t>(n);
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return system_error("memfd: seal", errno);
  return memory;
}

Result<Frame> map(const Descriptor& memory, std::uint64_t length) {
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0) return wrong("seals", "its descriptor is no memory that can be sealed");
  if ((seals & kSeals) != kSeals) {
    return wrong("seals",
                 fmt::format("its memory has the seals {:#x}, needed are {:#x}", seals, kSeals));
  }
  struct stat status = {};
  if (::fstat(memory.get(), &status) != 0) return system_error("memfd: fstat", errno);
  if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) != length) {
    return wrong("length",
                 fmt::format("its memory has {} bytes, it says {}", status.st_size, length));
  }
  // Pages that were never written could not be had when they are read; large pages neither.
  if (static_cast<std::uint64_t>(status.st_blocks) * 512 < length) {
    return wrong("memory", "its memory has holes");
  }
  void* const mapped = ::mmap(nullptr, static_cast<std::size_t>(length), PROT_READ,
                              MAP_PRIVATE | MAP_POPULATE, memory.get(), 0);
  if (mapped == MAP_FAILED) return system_error("memfd: mmap", errno);
  return Frame(mapped, static_cast<std::size_t>(length));
}

struct Received {
  Header header;
  std::vector<std::uint64_t> words;  // after the header
  std::size_t size = 0;              // of the bytes in them
  std::vector<Descriptor> descriptors;
  bool cut = false;
};

void take_descriptors(msghdr& message, Received& out) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
      out.descriptors.emplace_back(number);
    }
  }
}

Result<Frame> frame_of(Received received, ssize_t size) {
  if (received.cut) return wrong("size", fmt::format("more than {} bytes", kInlineBytesMax));
  if (static_cast<std::size_t>(size) < sizeof(Header)) {
    return wrong("size", fmt::format("{} bytes are no frame", size));
  }
  const Header& header = received.header;
  if (header.magic != kMagic) return wrong("magic", fmt::format("{:#x}", header.magic));
  if (header.version != kFrameVersion) {
    return wrong("version", fmt::format("{}, known is {}", header.version, kFrameVersion));
  }
  if ((header.flags & ~kInMemory) != 0) return wrong("flags", fmt::format("{:#x}", header.flags));
  if (header.length == 0 || header.length > kFrameBytesMax) {
    return wrong("length", fmt::format("it says {} bytes, at most {} are allowed", header.length,
                                       kFrameBytesMax));
  }
  const std::size_t bytes = static_cast<std::size_t>(size) - sizeof(Header);
  if ((header.flags & kInMemory) != 0) {
    if (bytes != 0 || received.descriptors.size() != 1) {
      return wrong("memory", fmt::format("{} bytes and {} descriptors beside the header", bytes,
                                         received.descriptors.size()));
    }
    return map(received.descriptors.front(), header.length);
  }
  if (!received.descriptors.empty()) return wrong("descriptors", "nobody asked for one");
  if (bytes != header.length) {
    return wrong("length", fmt::format("it has {} bytes, it says {}", bytes, header.length));
  }
  return Frame(std::move(received.words), bytes);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Frame::Frame(std::vector<std::uint64_t> words, std::size_t size)
    : words_(std::move(words)), size_(size) {}

Frame::~Frame() {
  if (mapped_) ::munmap(mapped_, size_);
}

Frame::Frame(Frame&& other) noexcept
    : words_(std::move(other.words_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Frame& Frame::operator=(Frame&& other) noexcept {
  std::swap(words_, other.words_);
  std::swap(mapped_, other.mapped_);
  std::swap(size_, other.size_);
  return *this;
}

std::span<const std::byte> Frame::bytes() const {
  if (mapped_) return {static_cast<const std::byte*>(mapped_), size_};
  return std::as_bytes(std::span(words_)).first(size_);
}

Result<std::pair<Descriptor, Descriptor>> FrameSocket::pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error("socketpair", errno);
  }
  return std::pair(Descriptor(ends[0]), Descriptor(ends[1]));
}

Result<void> FrameSocket::send(std::span<const std::byte> bytes, int timeout_ms) {
  if (bytes.empty() || bytes.size() > kFrameBytesMax) {
    return Error{Errc::TooLarge, fmt::format("a frame of {} bytes; at most {} are allowed",
                                             bytes.size(), kFrameBytesMax)};
  }
  Header header;
  header.length = bytes.size();
  Descriptor memory;
  if (bytes.size() > kInlineBytesMax) {
    memory = STORM_TRY(sealed_memory(bytes));
    header.flags = kInMemory;
  }
  iovec parts[2] = {{&header, sizeof header},
                    {const_cast<std::byte*>(bytes.data()), memory ? 0 : bytes.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = memory ? 1 : 2;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  if (memory) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = memory.get();
    std::memcpy(CMSG_DATA(rights), &number, sizeof number);
  }
  const std::lock_guard lock(sending_);
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return peer_is_gone();
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
      return system_error("sendmsg", errno);
    }
    pollfd room = {socket_.get(), POLLOUT, 0};
    const int ready = timeout_ms == 0 ? 0 : ::poll(&room, 1, timeout_ms);
    if (ready == 0) return Error{Errc::TimedOut, "the other side takes nothing"};
  }
}

Result<std::optional<Frame>> FrameSocket::receive(bool wait) {
  Received received;
  received.words.resize(kInlineBytesMax / sizeof(std::uint64_t));
  iovec parts[2] = {{&received.header, sizeof received.header},
                    {received.words.data(), kInlineBytesMax}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control = {};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<Frame>();
    if (errno == ECONNRESET) return peer_is_gone();
    return system_error("recvmsg", errno);
  }
  take_descriptors(message, received);
  // No frame is empty, so that nothing but the end looks like one.
  if (size == 0) return peer_is_gone();
  received.cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  return std::optional(STORM_TRY(frame_of(std::move(received), size)));
}

void FrameSocket::shut_down() { ::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace storm::runner
