// WatchConnection: a connection that has become a watch. Writes what its watcher takes, over HTTP
// as a body without an end or as messages of a WebSocket, and a bookmark when there is nothing to
// tell. Everything on the thread of its loop but end(). Kept alive by what it waits for and by
// Connections.
#pragma once
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/rest/session.hpp"
#include "core/rest/watcher.hpp"

namespace storm::rest {

class WatchConnection : public Connection, public std::enable_shared_from_this<WatchConnection> {
 public:
  using Upgrade = boost::beast::http::request<boost::beast::http::string_body>;

  // `head` is the whole head of the answer.
  static std::shared_ptr<WatchConnection> over_http(Stream stream, std::string head, bool chunked,
                                                    std::shared_ptr<Watcher> watcher,
                                                    const SessionContext& context, IoLoop& loop);
  static std::shared_ptr<WatchConnection> over_websocket(Stream stream, Upgrade request,
                                                         std::shared_ptr<Watcher> watcher,
                                                         const SessionContext& context,
                                                         IoLoop& loop);
  ~WatchConnection() override;

  void start();         // on its loop's thread
  void end() override;  // [any-thread]

 protected:
  using Fault = boost::beast::error_code;

  WatchConnection(std::shared_ptr<Watcher> watcher, const SessionContext& context, IoLoop& loop);
  virtual void open() = 0;  // on_open() follows
  // True: written at once; else on_written() follows.
  virtual bool write(std::vector<Frame> frames) = 0;
  virtual void say_goodbye() = 0;  // close() follows
  virtual void shut() = 0;

  void on_open(Fault fault);
  void on_written(Fault fault);
  void close();
  Watcher& watcher() { return *watcher_; }
  std::shared_ptr<WatchConnection> self() { return shared_from_this(); }

 private:
  void pump();  // writes what there is, unless a write is under way
  void on_quiet();
  void post_pump();

  SessionContext context_;
  IoLoop& loop_;
  const std::shared_ptr<Watcher> watcher_;
  ClientTimer timer_;
  bool open_ = false;
  bool writing_ = false;
  bool ending_ = false;
  bool closed_ = false;
  bool bookmark_due_ = true;  // at once: the client knows that it is heard, and from where
};

}  // namespace storm::rest
