#include "core/rest/access.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace storm::rest {
namespace {

namespace ssl = boost::asio::ssl;
using Fault = boost::system::error_code;

Error wrong(const std::string& file, const std::string& what) {
  return Error{Errc::InvalidArgument, fmt::format("{}: {}", file, what)};
}

// A secret that everybody on this machine can read is none.
Result<void> check_secret(const std::string& file) {
  struct stat status = {};
  if (::stat(file.c_str(), &status) != 0) return wrong(file, std::strerror(errno));
  if ((status.st_mode & (S_IROTH | S_IWOTH)) == 0) return {};
  return wrong(file,
               fmt::format("every user of this machine can read or write it; chmod o= {}", file));
}

Result<std::string> read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return wrong(file, std::strerror(errno));
  std::string text(kTokenFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kTokenFileBytesMax) {
    OPENSSL_cleanse(text.data(), text.size());
    return wrong(file, fmt::format("is larger than {} bytes", kTokenFileBytesMax));
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<const Access>> Access::read(const AccessFiles& files) {
  std::shared_ptr<Access> access(new Access);
  STORM_TRY(check_secret(files.key));
  STORM_TRY(check_secret(files.tokens));
  std::string text = STORM_TRY(read_text(files.tokens));
  Result<TokenList> tokens = TokenList::parse(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!tokens) return wrong(files.tokens, tokens.error().message);
  access->tokens_ = std::move(*tokens);

  Fault fault;
  ssl::context& context = access->context_;
  // 1.2 with forward secrecy, as RFC 9325 asks, and 1.3.
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context.native_handle(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  context.use_certificate_chain_file(files.certificate, fault);
  if (fault) return wrong(files.certificate, "no certificate in PEM: " + fault.message());
  // Nobody is there to be asked for a password.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                fault);
  context.use_private_key_file(files.key, ssl::context::pem, fault);
  if (fault) {
    return wrong(files.key, fmt::format("no private key in PEM that fits {}, or one with a "
                                        "password: {}",
                                        files.certificate, fault.message()));
  }
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return wrong(files.key,
                 fmt::format("does not belong to the certificate {}", files.certificate));
  }
  return std::shared_ptr<const Access>(std::move(access));
}

}  // namespace storm::rest
