#include "plugins/executors/swarm/docker_client.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "plugins/executors/swarm/json_slices.hpp"

namespace storm::swarm {
namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

std::string one_line(std::string_view text) {
  constexpr std::size_t kLineMax = 300;
  std::string out;
  for (const char c : trim(text).substr(0, kLineMax)) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) {
      out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

std::string docker_message(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object()) {
    const auto message = json.find("message");
    if (message != json.end() && message->is_string()) {
      return one_line(message->get_ref<const std::string&>());
    }
  }
  return one_line(body);
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '.';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

std::string HttpAnswer::fault() const {
  if (!failure.empty() || ok()) return failure;
  return "answered " + std::to_string(status) + ": " + docker_message(body);
}

struct DockerClient::Transfer {
  DockerClient* client = nullptr;
  CURL* easy = nullptr;
  Done done;
  HttpAnswer answer;
  std::int64_t progress_ns = 0;
  Length length = Length::Short;
  bool opened = false;
  bool too_large = false;
  char error[CURL_ERROR_SIZE] = {};

  ~Transfer() { curl_easy_cleanup(easy); }
};

DockerClient::DockerClient(const SwarmConfig& config, const sdk::Host& host)
    : config_(config), host_(host) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
}

DockerClient::~DockerClient() {
  forget_all();
  curl_multi_cleanup(multi_);
}

DockerClient::Transfer* DockerClient::start(const std::string& path, Length length) {
  auto transfer = std::make_unique<Transfer>();
  transfer->client = this;
  transfer->length = length;
  transfer->answer.asked_ns = host_.mono_ns();
  transfer->progress_ns = transfer->answer.asked_ns;
  CURL* easy = curl_easy_init();
  if (easy == nullptr) throw std::bad_alloc();
  transfer->easy = easy;
  curl_easy_setopt(easy, CURLOPT_URL, (config_.base_url + path).c_str());
  if (!config_.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, config_.unix_socket.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // never the environment's
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // waits for no resolver that does not answer
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectDeadline.count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer.get());
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &DockerClient::on_body);
  if (config_.uses_tls()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, config_.tls.ca.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLCERT, config_.tls.cert.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, config_.tls.key.c_str());
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  }
  curl_multi_add_handle(multi_, easy);
  ++requests_total_;
  transfers_.push_back(std::move(transfer));
  return transfers_.back().get();
}

void DockerClient::get(const std::string& path, Done done) {
  request(path, Length::Short, std::move(done));
}

void DockerClient::get_list(const std::string& path, Done done) {
  request(path, Length::List, std::move(done));
}

void DockerClient::request(const std::string& path, Length length, Done done) {
  if (transfers_.size() >= kRequestsMax) {
    auto refused = std::make_unique<Transfer>();
    refused->done = std::move(done);
    refused->answer.failure = "more than " + std::to_string(kRequestsMax) + " requests under way";
    finished_.push_back(std::move(refused));
    return;
  }
  start(path, length)->done = std::move(done);
}

void DockerClient::follow(const std::string& path, Follower follower) {
  stop_following();
  follower_ = std::move(follower);
  endless_ = start(path, Length::Endless);
}

void DockerClient::stop_following() {
  if (endless_ == nullptr) return;
  drop(*endless_);
}

void DockerClient::drop(Transfer& transfer) {
  if (&transfer == endless_) endless_ = nullptr;
  curl_multi_remove_handle(multi_, transfer.easy);
  const auto is_it = [&](const auto& each) { return each.get() == &transfer; };
  if (transfers_.remove_if(is_it) == 0) finished_.remove_if(is_it);
}

void DockerClient::forget_all() {
  while (!transfers_.empty()) drop(*transfers_.back());
  finished_.clear();
}

std::size_t DockerClient::on_body(char* data, std::size_t size, std::size_t count, void* raw) {
  Transfer& transfer = *static_cast<Transfer*>(raw);
  const std::size_t bytes = size * count;
  const std::size_t limit = transfer.length == Length::Endless ? kEventLineMax : kBodyMax;
  if (transfer.answer.body.size() + bytes > limit) {
    transfer.too_large = true;
    return 0;
  }
  try {
    transfer.answer.body.append(data, bytes);
  } catch (const std::bad_alloc&) {  // may not pass through C
    return 0;
  }
  transfer.progress_ns = transfer.client->host_.mono_ns();
  return bytes;
}

// Moves a transfer from under way to finished.
void DockerClient::finish(Transfer& transfer, CURLcode code) {
  if (code != CURLE_OK) {
    const char* text = transfer.error[0] != 0 ? transfer.error : curl_easy_strerror(code);
    transfer.answer.failure =
        transfer.too_large ? "the answer is larger than allowed" : one_line(text);
    long os_error = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_CONNECT && !config_.unix_socket.empty() && os_error != 0) {
      transfer.answer.failure =
          std::string("cannot connect to the socket: ") + std::strerror(static_cast<int>(os_error));
    }
  }
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  curl_multi_remove_handle(multi_, transfer.easy);
  const auto found =
      std::ranges::find_if(transfers_, [&](const auto& each) { return each.get() == &transfer; });
  finished_.splice(finished_.end(), transfers_, found);
}

std::int64_t DockerClient::deadline_of(const Transfer& transfer) {
  constexpr std::int64_t kAnswer = std::chrono::nanoseconds(kAnswerDeadline).count();
  constexpr std::int64_t kWhole = std::chrono::nanoseconds(kTransferDeadline).count();
  if (transfer.length == Length::Short) return transfer.answer.asked_ns + kAnswer;
  if (transfer.length == Length::Endless && transfer.opened) return INT64_MAX;
  return std::min(transfer.progress_ns + kAnswer, transfer.answer.asked_ns + kWhole);
}

void DockerClient::check_deadlines() {
  const std::int64_t now = host_.mono_ns();
  std::vector<Transfer*> late;
  for (const auto& transfer : transfers_) {
    if (now >= deadline_of(*transfer)) late.push_back(transfer.get());
  }
  for (Transfer* transfer : late) {
    transfer->answer.body.clear();
    finish(*transfer, CURLE_OPERATION_TIMEDOUT);
    transfer->answer.failure =
        "no answer within " + std::to_string(kAnswerDeadline.count() / 1000) + " s";
    transfer->answer.status = 0;
  }
}

std::chrono::milliseconds DockerClient::next_deadline(std::chrono::milliseconds timeout) const {
  const std::int64_t now = host_.mono_ns();
  for (const auto& transfer : transfers_) {
    const std::int64_t deadline = deadline_of(*transfer);
    if (deadline == INT64_MAX) continue;
    const std::int64_t left = (deadline - now) / kNanosecondsPerMillisecond + 1;
    timeout = std::min(timeout, std::chrono::milliseconds(std::max<std::int64_t>(left, 0)));
  }
  return timeout;
}

void DockerClient::dispatch_lines() {
  if (endless_ == nullptr) return;
  long status = 0;
  curl_easy_getinfo(endless_->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return;
  if (!endless_->opened) {
    endless_->opened = true;
    follower_.on_open();
  }
  const Transfer* const same = endless_;
  while (endless_ != nullptr && endless_ == same) {
    const std::size_t end = endless_->answer.body.find('\n');
    if (end == std::string::npos) return;
    const std::string line = endless_->answer.body.substr(0, end);
    endless_->answer.body.erase(0, end + 1);
    follower_.on_line(line);  // may stop following
  }
}

void DockerClient::dispatch() {
  dispatch_lines();
  while (!finished_.empty()) {
    const std::unique_ptr<Transfer> transfer = std::move(finished_.front());
    finished_.pop_front();
    if (transfer.get() == endless_) {
      endless_ = nullptr;
      const std::string fault = transfer->answer.fault();
      const auto on_end = follower_.on_end;
      on_end(fault.empty() ? "the stream ended" : fault);
    } else {
      transfer->done(std::move(transfer->answer));
    }
  }
}

// Takes the transfers that ended since the last time.
void DockerClient::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    const CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(*transfer, code);
  }
}

void DockerClient::wait(std::span<pollfd> extra, std::chrono::milliseconds timeout) {
  std::vector<curl_waitfd> fds;
  for (const pollfd& each : extra) {
    short events = 0;
    if ((each.events & POLLIN) != 0) events |= CURL_WAIT_POLLIN;
    if ((each.events & POLLOUT) != 0) events |= CURL_WAIT_POLLOUT;
    fds.push_back({each.fd, events, 0});
  }
  int running = 0;
  curl_multi_perform(multi_, &running);
  collect();
  const bool idle = finished_.empty();
  timeout = idle ? next_deadline(timeout) : std::chrono::milliseconds(0);
  curl_multi_poll(multi_, fds.data(), static_cast<unsigned>(fds.size()),
                  static_cast<int>(timeout.count()), nullptr);
  curl_multi_perform(multi_, &running);
  for (std::size_t i = 0; i < extra.size(); ++i) {
    // Errors and hang-ups count as readable: reading is what reports them.
    extra[i].revents = 0;
    if ((fds[i].revents & CURL_WAIT_POLLIN) != 0) extra[i].revents |= POLLIN;
    if ((fds[i].revents & CURL_WAIT_POLLOUT) != 0) extra[i].revents |= POLLOUT;
    if (fds[i].revents != 0 && extra[i].revents == 0) extra[i].revents = POLLIN;
  }
  collect();
  check_deadlines();
  dispatch();
}

}  // namespace storm::swarm
