// etcd as a peer: from a durable put to the watcher that is told of it, and puts a second with many
// in flight. etcd_peer HOST:PORT RATE... : a measurement for each rate a second, then one of the
// highest.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "etcd.grpc.pb.h"
#include "tests/bench/peers/figures.hpp"

namespace storm::bench {
namespace {

constexpr int kThreads = 64;
constexpr double kSeconds = 4;
constexpr double kTellSeconds = 20;
constexpr std::size_t kValueBytes = 2'500;  // as a resource has

std::string key_of(const std::string& run, std::size_t number) {
  return "probe/" + run + "/" + std::to_string(number);
}

class Peer {
 public:
  explicit Peer(const std::string& address)
      : channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        puts_(etcdserverpb::KV::NewStub(channel_)),
        watches_(etcdserverpb::Watch::NewStub(channel_)) {}

  void at_rate(double rate) {
    const std::string run = std::to_string(static_cast<int>(rate));
    const auto count = static_cast<std::size_t>(rate * kSeconds);
    std::vector<std::atomic<double>> due(count);
    std::vector<double> told(count, 0);
    std::atomic<std::size_t> seen{0};

    grpc::ClientContext context;
    auto stream = watches_->Watch(&context);
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key("probe/" + run + "/");
    request.mutable_create_request()->set_range_end("probe/" + run + "0");
    stream->Write(request);
    etcdserverpb::WatchResponse created;
    if (!stream->Read(&created)) fail("etcd: there is no watch");
    std::thread reader([&] {
      etcdserverpb::WatchResponse response;
      while (stream->Read(&response)) {
        const double now = now_seconds();
        for (const auto& event : response.events()) {
          const std::string& key = event.kv().key();
          const std::size_t number = std::stoull(key.substr(key.rfind('/') + 1));
          if (number < count && told[number] == 0) told[number] = now;
          ++seen;
        }
      }
    });
    put(run, count, rate, &due);
    const double deadline = now_seconds() + kTellSeconds;
    while (seen < count && now_seconds() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    context.TryCancel();
    reader.join();
    Series series;
    for (std::size_t i = 0; i < count; ++i) {
      if (told[i] > 0) series.add(told[i] - due[i]);
    }
    Value more = Value::object();
    more.add("sent", static_cast<std::int64_t>(count));
    more.add("told", static_cast<std::int64_t>(series.size()));
    say("etcd.told_at_" + run, series, std::move(more));
  }

  void highest() {
    constexpr std::size_t kCount = 40'000;
    const double begin = now_seconds();
    put("max", kCount, 0, nullptr);
    say("etcd.puts_per_s", static_cast<double>(kCount) / (now_seconds() - begin));
  }

 private:
  void put(const std::string& run, std::size_t count, double rate,
           std::vector<std::atomic<double>>* due) {
    const std::string value(kValueBytes, 'v');
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    const double begin = now_seconds();
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (;;) {
          const std::size_t number = next.fetch_add(1);
          if (number >= count) return;
          if (rate > 0) {
            const double when = begin + static_cast<double>(number) / rate;
            (*due)[number] = when;
            const double wait = when - now_seconds();
            if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
          }
          etcdserverpb::PutRequest request;
          request.set_key(key_of(run, number));
          request.set_value(value);
          etcdserverpb::PutResponse response;
          grpc::ClientContext context;
          if (!puts_->Put(&context, request, &response).ok()) fail("etcd: a put failed");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<etcdserverpb::KV::Stub> puts_;
  const std::unique_ptr<etcdserverpb::Watch::Stub> watches_;
};

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  using namespace storm::bench;
  if (argc < 2) fail("usage: etcd_peer HOST:PORT RATE...");
  Peer peer(argv[1]);
  for (int i = 2; i < argc; ++i) peer.at_rate(std::strtod(argv[i], nullptr));
  peer.highest();
}
