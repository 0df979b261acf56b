// Frames over an inherited AF_UNIX SOCK_SEQPACKET pair: a header, then the bytes, or, when they are
// many, a sealed memfd in their stead, which the receiver maps read-only. Whatever the peer sends
// is measured before it is used; a frame that is not as it should be is an Error whose message
// begins with its id ("frame.seals: ..."). Any thread may send, one at a time receives.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/result.hpp"

namespace storm::runner {

inline constexpr std::size_t kInlineBytesMax = 64 * 1024;
// A batch of 64 MiB and what is around it: 10,000 resources with all that is said of each.
inline constexpr std::size_t kFrameBytesMax = 80ULL * 1024 * 1024;
inline constexpr int kSendTimeoutMs = 2'000;

// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset();

 private:
  int number_ = -1;
};

// The bytes of one frame, aligned to 8; they stay where they are while the frame moves.
class Frame {
 public:
  Frame() = default;
  explicit Frame(std::vector<std::uint64_t> words, std::size_t size);
  Frame(void* mapped, std::size_t size) : mapped_(mapped), size_(size) {}
  ~Frame();
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;

  std::span<const std::byte> bytes() const;

 private:
  std::vector<std::uint64_t> words_;
  void* mapped_ = nullptr;
  std::size_t size_ = 0;
};

class FrameSocket {
 public:
  explicit FrameSocket(Descriptor socket) : socket_(std::move(socket)) {}
  FrameSocket(const FrameSocket&) = delete;
  FrameSocket& operator=(const FrameSocket&) = delete;

  // Both ends of a new pair, closed on exec.
  static Result<std::pair<Descriptor, Descriptor>> pair();

  int descriptor() const { return socket_.get(); }
  // Waits for room for `timeout_ms` at most (-1: without end). TimedOut; Unavailable when the peer
  // is gone.  [any-thread]
  Result<void> send(std::span<const std::byte> bytes, int timeout_ms = kSendTimeoutMs);
  // The next frame, waiting for it if `wait` says so; nothing when there is none. Unavailable when
  // the peer is gone, PluginFault when what it sent is no frame.
  Result<std::optional<Frame>> receive(bool wait);
  // Nothing is sent or received any more, on both sides.  [any-thread]
  void shut_down();

 private:
  const Descriptor socket_;
  std::mutex sending_;
};

}  // namespace storm::runner
