// Access: what lets others than this machine in: the certificate that the server shows them and the
// tokens that it takes. Read from files; a renewed one takes the place of the whole. [any-thread]
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "core/rest/token_list.hpp"

namespace storm::rest {

struct AccessFiles {
  std::string certificate;  // PEM, with those that lead to the authority behind it
  std::string key;          // PEM, not encrypted; only its owner and group may read it
  std::string tokens;       // see TokenList; only its owner and group may read it
  friend bool operator==(const AccessFiles&, const AccessFiles&) = default;
};

class Access {
 public:
  // The error names the file and what is wrong with it.
  static Result<std::shared_ptr<const Access>> read(const AccessFiles& files);

  const TokenList& tokens() const { return tokens_; }
  boost::asio::ssl::context& context() const { return context_; }  // connections are made of it

 private:
  Access() = default;

  mutable boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
  TokenList tokens_;
};

}  // namespace storm::rest
