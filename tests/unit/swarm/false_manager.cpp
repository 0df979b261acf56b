#include "tests/unit/swarm/false_manager.hpp"

#include <nghttp2/nghttp2.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

namespace storm::swarm::testing {
namespace {

struct Stream {
  std::string path;
  std::string answer;
  std::size_t sent = 0;
};

}  // namespace

struct FalseManager::Session {
  FalseAnswers answers;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL* ssl = nullptr;
  nghttp2_session* http2 = nullptr;
  std::map<std::int32_t, Stream> streams;
  std::string paths;
  std::string bodies;

  ~Session() {
    nghttp2_session_del(http2);
    SSL_free(ssl);
    SSL_CTX_free(context);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  // A certificate that signs itself is its own root.
  void make_certificate() {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("false-manager"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    const std::string names = "DNS:swarm-manager,DNS:" + answers.node_id;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    if (answers.alpn) {
      SSL_CTX_set_alpn_select_cb(
          context,
          [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned,
             void*) {
            *out = reinterpret_cast<const unsigned char*>("h2");
            *size = 2;
            return SSL_TLSEXT_ERR_OK;
          },
          nullptr);
    }
  }

  std::string certificate_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    const std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return pem;
  }

  static nghttp2_nv header(const char* name, const char* value) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name)),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value)), std::strlen(name),
            std::strlen(value), NGHTTP2_NV_FLAG_NONE};
  }

  void answer(std::int32_t id) {
    Stream& stream = streams[id];
    paths += stream.path + "\n";
    const bool health = stream.path.find("Health") != std::string::npos;
    stream.answer = health ? answers.health : answers.watch;
    const std::array<nghttp2_nv, 2> headers = {header(":status", "200"),
                                               header("content-type", "application/grpc")};
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session* session, std::int32_t stream_id, std::uint8_t* out,
                                std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                                void*) -> ssize_t {
      auto& self = *static_cast<Session*>(source->ptr);
      Stream& from = self.streams[stream_id];
      const std::size_t count = std::min(room, from.answer.size() - from.sent);
      std::memcpy(out, from.answer.data() + from.sent, count);
      from.sent += count;
      const bool is_health = from.path.find("Health") != std::string::npos;
      const std::string& status = self.answers.watch_status;
      if (from.sent == from.answer.size() && (is_health || !status.empty())) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::string text = is_health ? "0" : status;
        const std::array<nghttp2_nv, 2> trailers = {header("grpc-status", text.c_str()),
                                                    header("grpc-message", "as the test says")};
        nghttp2_submit_trailer(session, stream_id, trailers.data(), trailers.size());
      } else if (count == 0) {
        return NGHTTP2_ERR_DEFERRED;
      }
      return static_cast<ssize_t>(count);
    };
    nghttp2_submit_response(http2, id, headers.data(), headers.size(), &provider);
  }

  void start_http2() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(
        callbacks,
        [](nghttp2_session*, const std::uint8_t* data, std::size_t size, int,
           void* self) -> ssize_t {
          const int count =
              SSL_write(static_cast<Session*>(self)->ssl, data, static_cast<int>(size));
          return count > 0 ? count : NGHTTP2_ERR_CALLBACK_FAILURE;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
           std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
           void* self) -> int {
          if (std::string(name, name + name_size) == ":path") {
            static_cast<Session*>(self)->streams[frame->hd.stream_id].path.assign(
                value, value + value_size);
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
           void* self) -> int {
          static_cast<Session*>(self)->bodies.append(data, data + size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) -> int {
          if (frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            static_cast<Session*>(self)->answer(frame->hd.stream_id);
          }
          return 0;
        });
    nghttp2_session_server_new(&http2, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(http2, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
};

FalseManager::FalseManager(FalseAnswers answers)
    : answers_(std::move(answers)), session_(std::make_unique<Session>()) {
  session_->answers = answers_;
  session_->make_certificate();
  root_ = session_->certificate_pem();
  static std::atomic<int> count = 0;
  path_ = "/tmp/storm-false-manager-" + std::to_string(getpid()) + "-" + std::to_string(count++);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  unlink(path_.c_str());
  fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd_, 1) != 0) {
    throw std::runtime_error("cannot listen on " + path_);
  }
  thread_ = std::thread([this] { serve(); });
}

FalseManager::~FalseManager() {
  join();
  unlink(path_.c_str());
}

void FalseManager::join() {
  if (!thread_.joinable()) return;
  shutdown(fd_, SHUT_RDWR);
  thread_.join();
  close(fd_);
}

std::string FalseManager::paths() const { return session_->paths; }
std::string FalseManager::bodies() const { return session_->bodies; }

void FalseManager::serve() {
  // For this thread's own writes only: the client has to do without.
  sigset_t sigpipe;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &sigpipe, nullptr);
  const int peer = accept(fd_, nullptr, nullptr);
  if (peer < 0) return;
  Session& session = *session_;
  session.ssl = SSL_new(session.context);
  SSL_set_fd(session.ssl, peer);
  if (SSL_accept(session.ssl) == 1) {
    session.start_http2();
    std::array<std::uint8_t, 16384> chunk;
    while (nghttp2_session_send(session.http2) == 0) {
      const int count = SSL_read(session.ssl, chunk.data(), static_cast<int>(chunk.size()));
      if (count <= 0) break;
      if (nghttp2_session_mem_recv(session.http2, chunk.data(), static_cast<std::size_t>(count)) <
          0) {
        break;
      }
    }
  }
  close(peer);
}

}  // namespace storm::swarm::testing
