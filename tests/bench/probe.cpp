// A client of a server over loopback that measures it, with kept connections:
//
//   probe requests HOST:PORT FILE [option VALUE]...   what FILE asks, again and again
//   probe watch HOST:PORT FILE STREAM [option VALUE]...
//                    the same at a rate, until each change is told by the stream at the path STREAM
//
//   probe watchers HOST:PORT FILE STREAM [option VALUE]...
//                    C watchers of the stream, and one change at a time until all of them know
//
// A line of FILE is METHOD PATH [BODY]. In a body of `watch`, {k} becomes the number of the
// request; a change counts as told when "probe-NUMBER-" comes along the stream.
// --connections C (1), --seconds S (2; of `watchers`: so many changes), --once: each line once,
// --rate R: begin so many a second, whether or not earlier ones have been answered (as far as
// connections are free); a time counts from when the request was due.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/bench/peers/figures.hpp"

namespace storm::bench {
namespace {

constexpr std::size_t kReadBytes = 256UL * 1024;
constexpr std::string_view kStands = "\"bookmark\"";  // a stream that has said so misses nothing
constexpr double kTellSeconds = 20;                   // for what is still to be told at the end

struct Options {
  std::string host, port, file, stream;
  std::size_t connections = 1;
  double seconds = 2;
  double rate = 0;
  bool once = false;
};

struct Request {
  std::string method, path, body;
  std::string bytes;  // whole, where the body is always the same
};

std::string numbered_name(const std::string& number) {
  return std::to_string(getpid()) + "-" + number;
}

std::string request_bytes(const Options& options, const Request& request, std::string_view body) {
  std::string out = request.method + " " + request.path + " HTTP/1.1\r\nHost: " + options.host +
                    ":" + options.port + "\r\n";
  if (!body.empty()) {
    out +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  out += "\r\n";
  out += body;
  return out;
}

class Connection {
 public:
  explicit Connection(const Options& options, std::size_t read_bytes = kReadBytes) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(options.port)));
    inet_pton(AF_INET, options.host.c_str(), &address.sin_addr);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail("probe: cannot connect to " + options.host + ":" + options.port);
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    buffer_.resize(read_bytes);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  struct Answer {
    int status = 0;
    std::uint64_t body_bytes = 0;
    std::int64_t total = -1;  // of the header Storm-Total
  };

  void send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("probe: the server closed a connection");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  Answer exchange(std::string_view bytes) {
    send_all(bytes);
    return answer();
  }

  Answer answer() {
    head_.clear();
    std::size_t end = 0;
    while ((end = head_.find("\r\n\r\n")) == std::string::npos) head_ += read_some();
    std::string rest = head_.substr(end + 4);
    head_.resize(end + 2);
    Answer answer;
    answer.status = std::atoi(head_.c_str() + 9);
    if (const auto total = header("\r\nstorm-total: ")) answer.total = std::stoll(*total);
    if (header("\r\ntransfer-encoding: ")) {
      answer.body_bytes = read_chunks(std::move(rest));
      return answer;
    }
    const auto length = header("\r\ncontent-length: ");
    std::uint64_t left = length ? std::stoull(*length) : 0;
    answer.body_bytes = left;
    left -= rest.size();
    while (left > 0) left -= read_some().size();
    return answer;
  }

  std::string_view read_some() {
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) fail("probe: the server closed a connection");
    return {buffer_.data(), static_cast<std::size_t>(got)};
  }

 private:
  std::optional<std::string> header(std::string_view name) const {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    const auto at = std::search(head_.begin(), head_.end(), name.begin(), name.end(), same);
    if (at == head_.end()) return std::nullopt;
    const auto begin = static_cast<std::size_t>(at - head_.begin()) + name.size();
    return head_.substr(begin, head_.find("\r\n", begin) - begin);
  }

  std::uint64_t read_chunks(std::string rest) {
    std::uint64_t bytes = 0;
    for (;;) {
      std::size_t end = 0;
      while ((end = rest.find("\r\n")) == std::string::npos) rest += read_some();
      std::uint64_t size = 0;
      std::from_chars(rest.data(), rest.data() + end, size, 16);
      bytes += size;
      std::uint64_t left = size + 2;  // with its end
      rest.erase(0, end + 2);
      while (rest.size() < left) {
        left -= rest.size();
        rest = read_some();
      }
      rest.erase(0, left);
      if (size == 0) return bytes;
    }
  }

  int fd_ = -1;
  std::vector<char> buffer_;
  std::string head_;
};

std::vector<Request> read_requests(const Options& options) {
  std::ifstream in(options.file);
  if (!in) fail("probe: cannot read " + options.file);
  std::vector<Request> all;
  std::string line;
  while (std::getline(in, line)) {
    Request request;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) fail("probe: no METHOD PATH in " + options.file);
    const std::size_t next = std::min(line.find(' ', space + 1), line.size());
    request.method = line.substr(0, space);
    request.path = line.substr(space + 1, next - space - 1);
    if (next < line.size()) request.body = line.substr(next + 1);
    request.bytes = request_bytes(options, request, request.body);
    all.push_back(std::move(request));
  }
  if (all.empty()) fail("probe: " + options.file + " asks nothing");
  return all;
}

// Sends what is due, each of its threads one request at a time.
class Load {
 public:
  explicit Load(const Options& options) : options_(options), requests_(read_requests(options)) {}

  // `before` is called with the number and the due time just before a request is sent.
  template <typename Before>
  void run(bool numbered, const Before& before) {
    std::vector<std::thread> threads;
    begin_ = now_seconds();
    for (std::size_t i = 0; i < options_.connections; ++i) {
      threads.emplace_back([&] { work(numbered, before); });
    }
    for (std::thread& thread : threads) thread.join();
    took_ = now_seconds() - begin_;
  }

  void report(const std::string& name) {
    Value more = Value::object();
    more.add("per_second", static_cast<double>(times_.size()) / took_);
    more.add("seconds", took_);
    more.add("p90", times_.at(0.9));
    more.add("p999", times_.at(0.999));
    more.add("refused", refused_);
    more.add("body_bytes", static_cast<std::int64_t>(last_.body_bytes));
    more.add("total", last_.total);
    if (refused_ > 0) more.add("status", status_);
    say(name, times_, std::move(more));
  }
  std::size_t sent() const { return times_.size(); }

 private:
  template <typename Before>
  void work(bool numbered, const Before& before) {
    Connection connection(options_);
    Series times;
    std::int64_t refused = 0;
    int status = 0;
    Connection::Answer answer;
    std::string bytes;
    for (;;) {
      const std::size_t number = next_.fetch_add(1);
      double due = now_seconds();
      if (options_.rate > 0) {
        due = begin_ + static_cast<double>(number) / options_.rate;
        const double wait = due - now_seconds();
        if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
      }
      if (options_.once ? number >= requests_.size() : due - begin_ >= options_.seconds) break;
      const Request& request = requests_[number % requests_.size()];
      if (numbered) {
        std::string body = request.body;
        const std::size_t at = body.find("{k}");
        if (at != std::string::npos) body.replace(at, 3, numbered_name(std::to_string(number)));
        bytes = request_bytes(options_, request, body);
      }
      before(number, due);
      answer = connection.exchange(numbered ? bytes : request.bytes);
      times.add(now_seconds() - due);
      if (answer.status >= 400) {
        ++refused;
        status = answer.status;
      }
    }
    const std::lock_guard lock(mutex_);
    times_.add(times);
    refused_ += refused;
    if (status) status_ = status;
    if (answer.status) last_ = answer;
  }

  const Options& options_;
  const std::vector<Request> requests_;
  double begin_ = 0, took_ = 0;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  Series times_;              // Guarded by mutex_.
  std::int64_t refused_ = 0;  // Guarded by mutex_.
  int status_ = 0;            // Guarded by mutex_.
  Connection::Answer last_;   // Guarded by mutex_.
};

void requests(const Options& options) {
  Load load(options);
  load.run(false, [](std::size_t, double) {});
  load.report("requests");
}

void watch(const Options& options) {
  const auto expected =
      static_cast<std::size_t>(options.rate * options.seconds) + options.connections + 1;
  std::vector<std::atomic<double>> due(expected);
  std::vector<double> told(expected, 0);
  std::atomic<bool> over{false};
  std::atomic<std::size_t> count{0};

  Connection stream(options);
  stream.send_all("GET " + options.stream + " HTTP/1.1\r\nHost: " + options.host + "\r\n\r\n");
  // What comes first says that the stream stands: its head, then the greeting and a bookmark.
  std::string head;
  while (head.find(kStands) == std::string::npos) head += stream.read_some();
  std::thread reader([&] {
    const std::string mark = "probe-" + numbered_name("");
    std::string text;
    while (!over) {
      pollfd descriptor{stream.fd(), POLLIN, 0};
      if (poll(&descriptor, 1, 50) <= 0) continue;
      text += stream.read_some();
      const double now = now_seconds();
      std::size_t at = 0;
      std::size_t done = 0;
      while ((at = text.find(mark, done)) != std::string::npos) {
        std::size_t number = 0;
        const char* const begin = text.data() + at + mark.size();
        const char* const end = text.data() + text.size();
        const auto [stop, fault] = std::from_chars(begin, end, number);
        if (stop == end) break;  // cut by the end of what was read
        done = at + mark.size();
        if (fault != std::errc() || *stop != '-' || number >= expected || told[number] > 0)
          continue;
        told[number] = now;
        ++count;
      }
      constexpr std::size_t kLongest = 32;
      const std::size_t keep =
          at != std::string::npos ? at : text.size() - std::min(text.size(), kLongest);
      text.erase(0, std::max(keep, std::min(done, text.size())));
    }
  });
  Load load(options);
  load.run(true, [&](std::size_t number, double when) {
    if (number < expected) due[number] = when;
  });
  const double deadline = now_seconds() + kTellSeconds;
  while (count < load.sent() && now_seconds() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  over = true;
  reader.join();
  Series series;
  for (std::size_t i = 0; i < expected; ++i) {
    if (told[i] > 0 && due[i] > 0) series.add(told[i] - due[i]);
  }
  Value more = Value::object();
  more.add("sent", static_cast<std::int64_t>(load.sent()));
  more.add("told", static_cast<std::int64_t>(series.size()));
  more.add("rate", options.rate);
  say("told", series, std::move(more));
  load.report("answered");
}

// Many streams read by one thread; what each gets last is kept, to find a mark that is cut in two.
class Watchers {
 public:
  explicit Watchers(const Options& options) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    constexpr std::size_t kOther = 64;  // descriptors
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < options.connections + kOther) fail("probe: too few descriptors allowed");
    for (std::size_t i = 0; i < options.connections; ++i) {
      streams_.push_back(std::make_unique<Connection>(options, kSmallReadBytes));
      streams_.back()->send_all("GET " + options.stream + " HTTP/1.1\r\nHost: " + options.host +
                                "\r\n\r\n");
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, streams_.back()->fd(), &event);
    }
    tails_.resize(options.connections);
  }
  ~Watchers() { close(epoll_); }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // Until so many have got the mark, or nobody does for a while; how many have. Each time is that
  // of one watcher since `begin`.
  std::size_t wait(const std::string& mark, double begin, Series& times) {
    std::vector<bool> has(streams_.size(), false);
    std::size_t count = 0;
    epoll_event events[256];
    while (count < streams_.size()) {
      const int ready = epoll_wait(epoll_, events, 256, static_cast<int>(kTellSeconds * 1000));
      if (ready <= 0) break;
      for (int i = 0; i < ready; ++i) {
        const std::size_t index = events[i].data.u64;
        std::string& tail = tails_[index];
        tail += streams_[index]->read_some();
        if (!has[index] && tail.find(mark) != std::string::npos) {
          has[index] = true;
          ++count;
          times.add(now_seconds() - begin);
        }
        if (tail.size() > mark.size()) tail.erase(0, tail.size() - mark.size());
      }
    }
    return count;
  }

 private:
  static constexpr std::size_t kSmallReadBytes = 16UL * 1024;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> streams_;
  std::vector<std::string> tails_;
};

void watchers(const Options& options) {
  const std::vector<Request> requests = read_requests(options);
  Watchers all(options);
  Series none;
  if (all.wait(std::string(kStands), now_seconds(), none) < options.connections) {
    fail("probe: not all watchers were let in");
  }
  Connection changing(options);
  Series each, last;
  const auto rounds = static_cast<std::size_t>(options.seconds);
  for (std::size_t round = 0; round < rounds; ++round) {
    const Request& request = requests[round % requests.size()];
    std::string body = request.body;
    const std::size_t at = body.find("{k}");
    if (at != std::string::npos) body.replace(at, 3, numbered_name(std::to_string(round)));
    const double begin = now_seconds();
    changing.send_all(request_bytes(options, request, body));
    const std::size_t told =
        all.wait("probe-" + numbered_name(std::to_string(round)) + "-", begin, each);
    last.add(now_seconds() - begin);
    if (changing.answer().status >= 400) fail("probe: the change was refused");
    if (told < options.connections) {
      fail("probe: " + std::to_string(told) + " of " + std::to_string(options.connections) +
           " watchers were told");
    }
  }
  say("each_told", each);
  say("all_told", last);
}

Options read_options(int argc, char** argv) {
  Options options;
  std::vector<std::string> words;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--once") {
      options.once = true;
    } else if (word == "--connections" && has_value) {
      options.connections = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--seconds" && has_value) {
      options.seconds = std::strtod(argv[++i], nullptr);
    } else if (word == "--rate" && has_value) {
      options.rate = std::strtod(argv[++i], nullptr);
    } else {
      words.emplace_back(word);
    }
  }
  const std::size_t expected = std::string_view(argv[1]) == "requests" ? 2 : 3;
  const std::size_t colon = words.empty() ? std::string::npos : words[0].rfind(':');
  if (words.size() != expected || colon == std::string::npos)
    fail("probe: see the head of probe.cpp");
  options.host = words[0].substr(0, colon);
  options.port = words[0].substr(colon + 1);
  options.file = words[1];
  if (expected == 3) options.stream = words[2];
  return options;
}

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  using namespace storm::bench;
  if (argc < 3) fail("probe: see the head of probe.cpp");
  const std::string_view what = argv[1];
  const Options options = read_options(argc, argv);
  if (what == "requests") {
    requests(options);
  } else if (what == "watch") {
    watch(options);
  } else if (what == "watchers") {
    watchers(options);
  } else {
    fail("probe: there are requests, watch and watchers");
  }
}
