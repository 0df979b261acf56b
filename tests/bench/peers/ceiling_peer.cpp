// What this machine can do at best with the same bytes, inside one process: ceiling_peer DIR
// FOLDER. DIR as gen_resources.py writes it; FOLDER on the disk to write a log into.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <fcntl.h>
#include <pcre2.h>
#include <re2/re2.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/bench/peers/figures.hpp"

namespace storm::bench {
namespace {

constexpr std::size_t kTimes = 7;
constexpr double kSeconds = 20;
constexpr std::size_t kLogBytes = 16UL << 20U;
constexpr std::size_t kLogBlock = 4096;

// docs.jsonl in memory, with what parsers read beyond its end, cut into lines.
class Documents {
 public:
  explicit Documents(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || fstat(fd, &status) != 0) fail("cannot read " + path);
    size_ = static_cast<std::size_t>(status.st_size);
    bytes_.resize(size_ + simdjson::SIMDJSON_PADDING);
    for (std::size_t at = 0; at < size_;) {
      const ssize_t got = read(fd, bytes_.data() + at, size_ - at);
      if (got <= 0) fail("cannot read " + path);
      at += static_cast<std::size_t>(got);
    }
    close(fd);
    for (std::size_t at = 0; at < size_;) {
      const void* const end = std::memchr(bytes_.data() + at, '\n', size_ - at);
      const std::size_t stop =
          end ? static_cast<std::size_t>(static_cast<const char*>(end) - bytes_.data()) : size_;
      lines_.emplace_back(bytes_.data() + at, stop - at);
      at = stop + 1;
    }
  }
  const std::vector<std::string_view>& lines() const { return lines_; }
  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
  std::vector<std::string_view> lines_;
};

std::uint64_t sum_of(std::string_view bytes) {
  std::uint64_t sums[8] = {};
  const char* at = bytes.data();
  for (std::size_t left = bytes.size() / 64; left > 0; --left, at += 64) {
    std::uint64_t words[8];
    std::memcpy(words, at, sizeof words);
    for (int i = 0; i < 8; ++i) sums[i] += words[i];
  }
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

void memory(const Documents& documents) {
  volatile std::uint64_t sink = 0;
  Series reading = timed(kTimes, kSeconds, [&] { sink = sum_of(documents.bytes()); });
  say("ceiling.memory_read_bytes_per_s",
      static_cast<double>(documents.bytes().size()) / reading.at(0.5));
  (void)sink;
}

void simdjson_dom(const Documents& documents) {
  simdjson::dom::parser parser;
  const double cpu = now_seconds(CLOCK_THREAD_CPUTIME_ID);
  std::size_t count = 0;
  for (const std::string_view line : documents.lines()) {
    if (parser.parse(line.data(), line.size(), false).error()) fail("docs.jsonl is no JSON");
    ++count;
  }
  say("ceiling.simdjson_dom_per_s",
      static_cast<double>(count) / (now_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu));
}

void simdjson_number(const Documents& documents, const Probes& probes) {
  const auto& path = probes["snapshot_range"].find("path")->as_array();
  const std::int64_t bound = probes.bound("snapshot_range");
  simdjson::ondemand::parser parser;
  std::int64_t found = 0;
  Series series = timed(3, kSeconds, [&] {
    found = 0;
    for (const std::string_view line : documents.lines()) {
      simdjson::ondemand::document document;
      if (parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING)
              .get(document)) {
        fail("docs.jsonl is no JSON");
      }
      std::string_view type;
      if (document["type"].get(type) || type != "swarm-task") continue;
      simdjson::ondemand::value value;
      bool there = !document["snapshot"].get(value);
      for (const Value& key : path) there = there && !value[key.as_string()].get(value);
      std::int64_t number = 0;
      if (there && !value.get(number) && number >= bound) ++found;
    }
  });
  check("simdjson", "snapshot_range", found, probes.matches("snapshot_range"));
  say("ceiling.simdjson_number_s", series);
}

struct Texts {
  std::vector<std::string> images;  // one a resource that has one
  std::vector<std::string> names;   // the first of each
};

Texts texts_of(const Documents& documents) {
  Texts texts;
  simdjson::dom::parser parser;
  for (const std::string_view line : documents.lines()) {
    const simdjson::dom::element root = parser.parse(line.data(), line.size(), false).value();
    std::string_view text;
    if (!root["image"].get(text)) texts.images.emplace_back(text);
    if (!root["names"].at(0).get(text)) texts.names.emplace_back(text);
  }
  return texts;
}

std::int64_t scan(const std::vector<std::string>& texts, const RE2& pattern, std::size_t begin,
                  std::size_t end) {
  std::int64_t found = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (RE2::PartialMatch(texts[i], pattern)) ++found;
  }
  return found;
}

void regexes(const Texts& texts, const Probes& probes) {
  const std::string regex = probes.text("adhoc_regex", "regex");
  const std::int64_t expected = probes.matches("adhoc_regex");
  const RE2 re2(regex);
  std::int64_t found = 0;
  Series raw =
      timed(kTimes, kSeconds, [&] { found = scan(texts.images, re2, 0, texts.images.size()); });
  check("RE2", "adhoc_regex", found, expected);
  say("ceiling.re2_images_s", raw);

  int error = 0;
  std::size_t offset = 0;
  pcre2_code* const code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                         0, &error, &offset, nullptr);
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  pcre2_match_data* const match = pcre2_match_data_create(1, nullptr);
  Series jit = timed(kTimes, kSeconds, [&] {
    found = 0;
    for (const std::string& text : texts.images) {
      if (pcre2_jit_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match,
                          nullptr) >= 0) {
        ++found;
      }
    }
  });
  check("PCRE2", "adhoc_regex", found, expected);
  say("ceiling.pcre2_images_s", jit);
  pcre2_match_data_free(match);
  pcre2_code_free(code);

  std::unordered_map<std::string_view, std::uint32_t> codes;
  std::vector<std::string_view> distinct;
  std::vector<std::uint32_t> column;
  for (const std::string& image : texts.images) {
    const auto [at, is_new] = codes.try_emplace(image, static_cast<std::uint32_t>(distinct.size()));
    if (is_new) distinct.push_back(image);
    column.push_back(at->second);
  }
  std::vector<std::uint8_t> hit(distinct.size());
  Series dictionary = timed(kTimes, kSeconds, [&] {
    for (std::size_t i = 0; i < distinct.size(); ++i) {
      hit[i] = RE2::PartialMatch(re2::StringPiece(distinct[i].data(), distinct[i].size()), re2);
    }
    found = 0;
    for (const std::uint32_t one : column) found += hit[one];
  });
  check("dictionary", "adhoc_regex", found, expected);
  say("ceiling.dictionary_images_s", dictionary);

  // A part of names that some thousandths of them have.
  const RE2 of_names("-1[0-9]_[a-d]");
  std::int64_t halves[2] = {};
  Series names = timed(kTimes, kSeconds, [&] {
    const std::size_t middle = texts.names.size() / 2;
    std::thread other([&] { halves[1] = scan(texts.names, of_names, middle, texts.names.size()); });
    halves[0] = scan(texts.names, of_names, 0, middle);
    other.join();
  });
  Value more = Value::object();
  more.add("regex", of_names.pattern());
  more.add("matches", halves[0] + halves[1]);
  say("ceiling.re2_names_s", names, std::move(more));
}

void log_sync(const std::string& folder) {
  const std::string path = folder + "/ready.log";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot write " + path);
  const std::vector<char> zeros(kLogBytes, 'x');
  if (write(fd, zeros.data(), zeros.size()) != static_cast<ssize_t>(zeros.size())) {
    fail("cannot write " + path);
  }
  fdatasync(fd);
  std::size_t at = 0;
  Series series = timed(2'000, kSeconds, [&] {
    if (pwrite(fd, zeros.data(), kLogBlock, static_cast<off_t>(at % kLogBytes)) < 0) {
      fail("cannot write " + path);
    }
    fdatasync(fd);
    at += kLogBlock;
  });
  say("ceiling.fdatasync_ready_log", series);
  close(fd);
  unlink(path.c_str());
}

}  // namespace
}  // namespace storm::bench

int main(int argc, char** argv) {
  using namespace storm::bench;
  if (argc < 3) fail("usage: ceiling_peer DIR FOLDER");
  const Probes probes(argv[1]);
  log_sync(argv[2]);
  const Documents documents(std::string(argv[1]) + "/docs.jsonl");
  memory(documents);
  simdjson_dom(documents);
  simdjson_number(documents, probes);
  regexes(texts_of(documents), probes);
}
