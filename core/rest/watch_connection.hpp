// WatchConnection: a connection that has become a watch. Writes what its watcher takes, over HTTP
// as a body without an end or as messages of a WebSocket, and a bookmark when there is nothing to
// tell. Everything on its strand but end(). Kept alive by what it waits for and by Connections.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <vector>

#include "core/rest/session.hpp"
#include "core/rest/watcher.hpp"

namespace storm::rest {

class WatchConnection : public Connection, public std::enable_shared_from_this<WatchConnection> {
 public:
  using Head = boost::beast::http::response<boost::beast::http::empty_body>;
  using Upgrade = boost::beast::http::request<boost::beast::http::string_body>;

  static std::shared_ptr<WatchConnection> over_http(boost::beast::tcp_stream stream, Head head,
                                                    bool chunked, std::shared_ptr<Watcher> watcher,
                                                    const SessionContext& context);
  static std::shared_ptr<WatchConnection> over_websocket(boost::beast::tcp_stream stream,
                                                         Upgrade request,
                                                         std::shared_ptr<Watcher> watcher,
                                                         const SessionContext& context);
  ~WatchConnection() override;

  void start();         // on its strand
  void end() override;  // [any-thread]

 protected:
  using Fault = boost::beast::error_code;

  WatchConnection(const boost::asio::any_io_executor& strand, std::shared_ptr<Watcher> watcher,
                  const SessionContext& context);
  virtual void open() = 0;                            // on_open() follows
  virtual void write(std::vector<Frame> frames) = 0;  // on_written() follows
  virtual void say_goodbye() = 0;                     // close() follows
  virtual void shut() = 0;

  void on_open(Fault fault);
  void on_written(Fault fault);
  void close();
  Watcher& watcher() { return *watcher_; }
  std::shared_ptr<WatchConnection> self() { return shared_from_this(); }

 private:
  void pump();  // writes what there is, unless a write is under way
  void arm_timer();
  void post_pump();

  SessionContext context_;
  const std::shared_ptr<Watcher> watcher_;
  boost::asio::steady_timer timer_;
  bool open_ = false;
  bool writing_ = false;
  bool ending_ = false;
  bool closed_ = false;
  bool bookmark_due_ = true;  // at once: the client knows that it is heard, and from where
  MonoTime write_began_ = 0;
};

}  // namespace storm::rest
