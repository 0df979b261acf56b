#include "core/runner/wire.hpp"

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/discovery_reader.hpp"

namespace storm::runner {
namespace {

using Words = std::vector<std::uint64_t>;  // aligned as frames are

Words keep(Bytes bytes, std::size_t& size) {
  size = bytes.size();
  Words words((size + 7) / 8);
  std::memcpy(words.data(), bytes.data(), size);
  return words;
}

Bytes view(const Words& words, std::size_t size) {
  return std::as_bytes(std::span(words)).first(size);
}

struct Written {
  explicit Written(const Message& message) {
    REQUIRE(write_message(message, [&](Bytes bytes) {
      words = keep(bytes, size);
      return Result<void>();
    }));
  }
  explicit Written(const storm_batch& batch) {
    REQUIRE(write_batch(7, 3, batch, [&](Bytes bytes) {
      words = keep(bytes, size);
      return Result<void>();
    }));
  }
  Result<Message> read() const { return read_message(view(words, size)); }

  Words words;
  std::size_t size = 0;
};

struct SomeBatch {
  explicit SomeBatch(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) uids.push_back("uid-" + std::to_string(i));
    for (std::size_t i = 0; i < count; ++i) {
      storm_resource one{};
      one.size = sizeof one;
      one.uid = to_abi(uids[i]);
      one.type = to_abi("thing");
      one.parent_uid = to_abi("parent");
      one.names = {names, static_cast<std::uint32_t>(i % 3), sizeof(storm_str)};
      one.image = to_abi("library/nginx:1");
      one.status = STORM_STATUS_RUNNING;
      one.revision = i;
      one.observed_wall_ns = 5;
      one.snapshot_json = to_abi(R"({"a": [1, 2, 3]})");
      resources.push_back(one);
    }
    batch.size = sizeof batch;
    batch.flags = STORM_B_SYNC_BEGIN;
    batch.scope = to_abi("scope");
    batch.epoch = 9;
    batch.upserts = {resources.data(), static_cast<std::uint32_t>(count), sizeof(storm_resource)};
    batch.removals = {&removal, 1, sizeof removal};
    batch.bookmark = to_abi("here");
  }

  std::vector<std::string> uids;
  storm_str names[2] = {to_abi("one"), to_abi("two")};
  std::vector<storm_resource> resources;
  storm_removal removal{sizeof(storm_removal), 0, to_abi("gone")};
  storm_batch batch{};
};

TEST_CASE("wire: a batch arrives as it was", "[runner]") {
  const SomeBatch sent(20);
  const Written written(sent.batch);
  const auto message = written.read();
  REQUIRE(message);
  CHECK(message->epoch == 7);
  CHECK(message->call == 3);
  const auto expected = read_batch(sent.batch);
  const storm_batch arrived = std::get<Publish>(message->body).batch();
  const auto read = read_batch(arrived);
  REQUIRE(expected);
  REQUIRE(read);
  CHECK(text_of(arrived.bookmark) == "here");
  REQUIRE(read->upserts.size() == 20);
  CHECK(read->removals == expected->removals);
  CHECK(read->scope == expected->scope);
  CHECK(read->epoch == expected->epoch);
  CHECK(read->sync_begin);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(read->upserts[i].uid == expected->upserts[i].uid);
    CHECK(read->upserts[i].names == expected->upserts[i].names);
    CHECK(read->upserts[i].provider_revision == expected->upserts[i].provider_revision);
  }
}

TEST_CASE("wire: a batch whose structs cannot be read is not written", "[runner]") {
  const auto refused = [](const SomeBatch& batch) {
    const auto written = write_batch(1, 1, batch.batch, [](Bytes) { return Result<void>(); });
    return !written && written.error().code == Errc::InvalidArgument && !read_batch(batch.batch);
  };
  SomeBatch small(1);
  small.batch.size = 8;
  CHECK(refused(small));
  SomeBatch stride(2);
  stride.batch.upserts.stride = 16;
  CHECK(refused(stride));
  SomeBatch null_list(1);
  null_list.batch.upserts.p = nullptr;
  CHECK(refused(null_list));
  SomeBatch many(1);
  many.batch.upserts.n = 10'001;
  CHECK(refused(many));
  SomeBatch null_text(1);
  null_text.resources[0].image = {nullptr, 3};
  CHECK(refused(null_text));
  SomeBatch huge(1);
  huge.resources[0].snapshot_json = {"", 1ULL << 40U};
  CHECK(refused(huge));
  SomeBatch names(1);
  names.resources[0].names.n = 65;
  CHECK(refused(names));
}

TEST_CASE("wire: calls, faults and notes arrive as they were", "[runner]") {
  Call call;
  call.function = Function::Watch;
  call.left_ns = 5;
  call.scope = "left";
  call.text = "bookmark";
  call.op_id[3] = 9;
  const Written asked(Message{1, 2, call});
  const auto read = asked.read();
  REQUIRE(read);
  const auto& back = std::get<Call>(read->body);
  CHECK(back.function == Function::Watch);
  CHECK(back.left_ns == 5);
  CHECK(back.scope == "left");
  CHECK(back.text == "bookmark");
  CHECK(back.op_id == call.op_id);

  Finished finished;
  finished.code = STORM_E_AUTH;
  finished.fault =
      FaultWords{STORM_E_AUTH, STORM_RETRY_LATER, STORM_LAYER_AUTH, 1'500, "no", "E17", "{}"};
  finished.output = "text";
  const Written told(Message{1, 2, finished});
  const auto answer = told.read();
  REQUIRE(answer);
  const auto& over = std::get<Finished>(answer->body);
  CHECK(over.code == STORM_E_AUTH);
  REQUIRE(over.fault);
  CHECK(over.fault->retry_after_ms == 1'500);
  CHECK(over.fault->provider_code == "E17");
  CHECK(over.output == "text");
}

std::string refusal(const Words& words, std::size_t size) {
  const auto message = read_message(view(words, size));
  return message ? "accepted" : message.error().message;
}

TEST_CASE("wire: what is no message is refused with its own id", "[runner]") {
  const Words zeros(100);
  CHECK(refusal(zeros, 800).rfind("message.format: it has not the mark", 0) == 0);
  CHECK(refusal(zeros, 3).rfind("message.format: it has not the mark", 0) == 0);
  const Written ping(Message{1, 2, Ping{3}});
  CHECK(refusal(ping.words, ping.size) == "accepted");
  CHECK(refusal(ping.words, ping.size - 9).rfind("message.format: a length or an offset", 0) == 0);
}

// More tables than a batch may have resources.
TEST_CASE("wire: a message of too many parts is refused", "[runner]") {
  Publish publish;
  for (std::size_t i = 0; i < kMessageTablesMax + 1; ++i) {
    storm_resource one{};
    one.size = sizeof one;
    one.uid = to_abi("uid");
    publish.upserts.push_back(one);
  }
  std::size_t size = 0;
  Words words;
  REQUIRE(write_message(Message{1, 1, std::move(publish)}, [&](Bytes bytes) {
    words = keep(bytes, size);
    return Result<void>();
  }));
  CHECK(refusal(words, size).rfind("message.format: ", 0) == 0);
}

// Whatever is changed in a message, it is refused or read within its bounds: a sanitizer sees the
// rest. The seed is printed, STORM_TEST_SEED repeats it, STORM_TEST_MUTATIONS asks for more.
TEST_CASE("wire: messages with changed bytes are refused or read, never misread", "[runner]") {
  const char* const wanted = std::getenv("STORM_TEST_SEED");
  const auto seed =
      wanted ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : 20261121U;
  const char* const more = std::getenv("STORM_TEST_MUTATIONS");
  const int rounds = more ? std::atoi(more) : 20'000;
  CAPTURE(seed);
  WARN("seed " << seed << ", " << rounds << " mutations of each message");
  std::mt19937 random(seed);
  Finished finished;
  finished.fault = FaultWords{};
  finished.fault->message = "no";
  finished.output = "text";
  const SomeBatch batch(5);
  const std::vector<Written> originals = {
      Written(batch.batch), Written(Message{1, 2, finished}), Written(Message{1, 2, Ping{3}}),
      Written(Message{1, 2, Log{1, "line", 0}}), Written(Message{1, 2, Hello{1, "1.0"}})};
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (const Written& original : originals) {
    for (int round = 0; round < rounds; ++round) {
      Words words = original.words;
      auto* const bytes = reinterpret_cast<unsigned char*>(words.data());
      std::size_t size = original.size;
      const unsigned changes = 1 + random() % 4;
      for (unsigned i = 0; i < changes; ++i) {
        const std::size_t at = random() % size;
        switch (random() % 4) {
          case 0:
            bytes[at] = static_cast<unsigned char>(random());
            break;
          case 1:
            bytes[at] ^= static_cast<unsigned char>(1U << (random() % 8));
            break;
          case 2: {
            const auto word =
                static_cast<std::uint32_t>(random() % 2 ? random() : 0xFFFFFFFFU - random() % 64);
            std::memcpy(bytes + at / 4 * 4, &word, std::min<std::size_t>(4, size - at / 4 * 4));
            break;
          }
          default:
            size = std::max<std::size_t>(1, random() % (size + 1));
        }
      }
      // Exactly as large as it says, so that a sanitizer sees a byte too far.
      std::vector<std::uint64_t> exact(words.begin(),
                                       words.begin() + static_cast<std::ptrdiff_t>((size + 7) / 8));
      const auto message = read_message(view(exact, size));
      if (!message) {
        ++refused;
        CHECK(message.error().message.rfind("message.", 0) == 0);
        continue;
      }
      ++taken;
      if (const auto* const publish = std::get_if<Publish>(&message->body)) {
        static_cast<void>(read_batch(publish->batch()));
      }
    }
  }
  CHECK(refused > 0);
  CHECK(taken > 0);
}

}  // namespace
}  // namespace storm::runner
