// Session: one connection, from its first request to its end. Reads a request, has it routed,
// writes the answer; or becomes a stream of events, or hands its socket over to a watch. Everything
// of it happens on its strand but wake() and end(). Kept alive by what it waits for and by
// Connections.
#pragma once
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rest/api.hpp"
#include "core/rest/connections.hpp"
#include "core/rest/event_reader.hpp"
#include "core/rest/limits.hpp"

namespace storm::rest {

// What every session works with; outlives them.
struct SessionContext {
  const Router& router;
  Api& api;
  const Limits& limits;
  const std::vector<std::string>& host_names;  // lower case
  const Clock& clock;
  std::weak_ptr<Connections> connections;
};

class Session : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, const SessionContext& context);
  ~Session() override;

  void start(bool busy);  // busy: the one answer is 503
  void wake() override;   // [any-thread]
  void end() override;    // [any-thread]

 private:
  using Fault = boost::beast::error_code;

  void read_header();
  void on_header(Fault fault);
  void read_body();
  void refuse_reading(Fault fault);
  // A fault of the request that is known before its body is read; nothing when all is well.
  std::optional<Answer> check_header() const;
  Answer url_too_long() const;
  Answer fields_too_large() const;
  std::string_view header(boost::beast::http::field name) const;
  void handle();
  void run(Work work);

  void send(Answer answer);
  void send_whole(Answer answer);
  void send_pieces(Answer answer, std::string first);
  void send_next_piece(Pieces pieces, std::string piece, bool more);
  void start_stream(const Answer& answer);
  void start_watch(const Answer& answer, const WatchStart& start);
  template <typename Message>
  void fill_header(Message& message, const Answer& answer);
  void on_sent();

  void pump();  // writes what there is, unless a write is under way
  void read_events(const State& state, std::string& text);
  void read_line(const State& state, std::string& text);
  void write_stream(std::string text);
  void arm_blank_line();
  void watch_for_close();

  void drain();  // lets the client read our answer although it still sends
  void drain_more();
  void close();

  SessionContext context_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer timer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> whole_;
  std::optional<boost::beast::http::response<boost::beast::http::empty_body>> head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
      head_writer_;
  std::string out_;  // the piece that is being written

  Format format_ = Format::Json;
  Request shown_;  // for pages: what was asked, without its body
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool must_drain_ = false;  // the client may still be sending
  bool ending_ = false;
  bool reading_ = false;  // no request is whole: nothing is lost by closing
  bool closed_ = false;
  bool dispatching_ = false;  // a route is being called
  std::size_t drained_ = 0;
  std::vector<char> scratch_;

  std::optional<EventReader> events_;           // set: a stream of these
  StateLines lines_;                            // else of those
  std::optional<std::uint64_t> line_revision_;  // of the state that was looked at last
  bool line_pause_ = false;                     // the state was looked at a moment ago
  boost::asio::steady_timer line_timer_;
  std::atomic<bool> streaming_ = false;
  bool writing_ = false;
  bool blank_due_ = false;
  MonoTime write_began_ = 0;
  std::uint64_t gaps_told_ = 0;
};

}  // namespace storm::rest
