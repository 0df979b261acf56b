// Reading lines in blocks and sharing them out: nothing is lost, doubled or torn.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "cli/condition_tally.hpp"
#include "cli/match_input.hpp"
#include "core/document/json.hpp"
#include "core/query/explain.hpp"
#include "core/query/query.hpp"

namespace storm::cli {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    std::string pattern = std::filesystem::temp_directory_path() / "storm-match-XXXXXX";
    const int descriptor = ::mkstemp(pattern.data());
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// All blocks one behind the other; each ends with a line, but for the last.
std::string read_whole(const std::string& path, std::size_t& blocks) {
  auto input = MatchInput::open(path);
  REQUIRE(input);
  std::string whole;
  for (;;) {
    const auto block = input->next();
    REQUIRE(block);
    if (block->empty()) return whole;
    if (!whole.empty()) CHECK(whole.back() == '\n');
    whole += *block;
    ++blocks;
  }
}

}  // namespace

TEST_CASE("match input: blocks put together are the file", "[cli]") {
  std::string text;
  for (int i = 0; text.size() < 2 * kMatchBlockBytes; ++i) {
    text += std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), 'x') + "\n";
  }
  text += std::string(kMatchBlockBytes + 7, 'y') + "\n";  // a line longer than a block
  text += "the last one has no end";
  const TemporaryFile file(text);
  std::size_t blocks = 0;
  CHECK((read_whole(file.path(), blocks) == text));
  CHECK(blocks >= 3);
  const TemporaryFile empty("");
  CHECK(read_whole(empty.path(), blocks) == "");
  CHECK_FALSE(MatchInput::open(file.path() + ".missing"));
}

TEST_CASE("match input: parts put together are the block, cut behind lines", "[cli]") {
  std::string block;
  for (int i = 0; i < 1000; ++i) block += std::string(static_cast<std::size_t>(i % 50), 'x') + "\n";
  for (const std::size_t parts : {1U, 2U, 3U, 16U, 5000U}) {
    std::string whole;
    const auto cut = cut_at_lines(block, parts);
    CHECK(cut.size() <= parts);
    CHECK((parts < 2 || cut.size() > 1));
    for (const std::string_view part : cut) {
      CHECK_FALSE(part.empty());
      CHECK(part.back() == '\n');
      whole += part;
    }
    CHECK(whole == block);
  }
  CHECK(cut_at_lines("one line only", 4).size() == 1);
  CHECK(cut_at_lines("", 4).empty());
}

TEST_CASE("condition tally: parts added up tell the same as one after the other", "[cli]") {
  const auto query =
      Query::parse(*parse_json(R"({"a":1,"$or":[{"b":{"$gt":2}},{"c":null}]})"), OperatorSet());
  REQUIRE(query);
  ConditionTally all;
  ConditionTally sum;
  std::vector<ConditionTally> parts(3);
  for (std::size_t i = 0; i < 30; ++i) {
    Value document = Value::object();
    document.add("a", static_cast<std::int64_t>(i % 4));
    document.add("b", static_cast<std::int64_t>(i % 3));
    document.add("c", 1);
    const Explanation explanation = explain(*query, ValueView(document));
    all.add(explanation, i + 1);
    parts[i / 10].add(explanation, i + 1);
  }
  for (ConditionTally& part : parts) sum.add(std::move(part));
  CHECK(sum.text("f", true) == all.text("f", true));
  CHECK_THAT(all.text("f", false), Catch::Matchers::StartsWith("0 of 30 match\nall of"));
  CHECK_THAT(all.text("f", false),
             Catch::Matchers::Contains("nearest miss: f:2 fails only `b > 2`"));
}

}  // namespace storm::cli
