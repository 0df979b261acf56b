// Session: one connection, from its first request to its end. Reads a request, has it routed,
// writes the answer; or becomes a stream of events, or hands its socket over to a watch. Everything
// of it happens on the thread of its loop but wake() and end(). Kept alive by what it waits for and
// by Connections.
#pragma once
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/published.hpp"
#include "core/rest/access.hpp"
#include "core/rest/api.hpp"
#include "core/rest/chunk_frame.hpp"
#include "core/rest/client_timer.hpp"
#include "core/rest/connections.hpp"
#include "core/rest/event_reader.hpp"
#include "core/rest/io_loop.hpp"
#include "core/rest/limits.hpp"
#include "core/rest/stream.hpp"

namespace storm::rest {

// What every session works with; outlives them.
struct SessionContext {
  const Router& router;
  Api& api;
  const Limits& limits;
  const std::vector<std::string>& host_names;  // lower case
  const Clock& clock;
  std::weak_ptr<Connections> connections;
  const Published<Access>& access;  // null: nobody from elsewhere is let in
};

class Session : public Connection, public std::enable_shared_from_this<Session> {
 public:
  // The stream is of that loop.
  Session(Stream stream, const SessionContext& context, IoLoop& loop);
  ~Session() override;

  void start(bool busy);  // busy: the one answer is 503  [any-thread]
  void wake() override;   // [any-thread]
  void end() override;    // [any-thread]

 private:
  using Fault = boost::beast::error_code;
  using Step = void (Session::*)(Fault);

  void begin(bool busy);
  void read_some(Step next);
  void read_header();
  void parse_header(Fault fault);
  void on_header();
  void read_body();
  void parse_body(Fault fault);
  void refuse_reading(Fault fault);
  // A fault of the request that is known before its body is read; nothing when all is well.
  std::optional<Answer> check_header() const;
  bool is_loopback() const;
  bool is_let_in() const;
  Answer url_too_long() const;
  Answer fields_too_large() const;
  std::string_view header(boost::beast::http::field name) const;
  void handle();
  void run(Work work);

  void send(Answer answer);
  void send_whole(Answer answer);
  void send_pieces(const Answer& answer, Pieces pieces, std::string first);
  void send_piece(Pieces pieces, bool more);
  void send_next_piece(Pieces pieces, bool took_at_once);
  void start_stream(const Answer& answer);
  void start_watch(const Answer& answer, const WatchStart& start);
  void begin_head(const Answer& answer);
  void on_whole_sent(Fault fault);
  void on_sent();

  void pump();  // writes what there is, unless a write is under way
  void read_events(const State& state, std::string& text);
  void read_line(const State& state, std::string& text);
  void write_stream(std::string text);
  void on_quiet();
  void watch_for_close();

  void drain();  // lets the client read our answer although it still sends
  void drain_more();
  void close();

  SessionContext context_;
  IoLoop& loop_;
  Stream stream_;
  ClientTimer timer_;
  boost::beast::flat_buffer buffer_;  // read and not yet parsed
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  std::string head_;  // the head of the answer, as it is printed and written
  std::string out_;   // the body or the piece of it that is being written
  ChunkFrame chunk_;  // around it

  Format format_ = Format::Json;
  Acceptance acceptance_;
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
  Timer line_timer_;
  std::atomic<bool> streaming_ = false;
  bool writing_ = false;
  bool blank_due_ = false;
  std::uint64_t gaps_told_ = 0;
};

}  // namespace storm::rest
