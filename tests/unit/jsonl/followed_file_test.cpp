#include "plugins/executors/jsonl/followed_file.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::jsonl {
namespace {

using State = FollowedFile::State;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "storm-jsonl-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name = "file") const { return (path_ / name).string(); }
  void write(const std::string& text, const std::string& name = "file") const {
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
  }
  void append(const std::string& text) const {
    std::ofstream(file(), std::ios::binary | std::ios::app) << text;
  }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> lines(FollowedFile& file) {
  std::vector<std::string> all;
  while (const auto line = file.next()) {
    all.push_back(std::to_string(line->number) + (line->too_long ? "!" : ":") +
                  std::string(line->text));
  }
  return all;
}

// What the file is once it is certain.
State settled(FollowedFile& file) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  State state = file.state();
  while (state == State::Unsure && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(FollowedFile::kSettleTime / 4);
    state = file.state();
  }
  return state;
}

TEST_CASE("followed file: gives each line once, with its number", "[jsonl]") {
  const Folder folder;
  folder.write("a\n\nccc\n");
  auto file = FollowedFile::open(folder.file());
  REQUIRE(file);
  CHECK(lines(*file) == std::vector<std::string>{"1:a", "2:", "3:ccc"});
  CHECK(file->state() == State::Same);
  folder.append("d\ne");
  CHECK(file->state() == State::Same);
  CHECK(lines(*file) == std::vector<std::string>{"4:d"});
  CHECK(file->unfinished()->text == "e");
  folder.append("e\n");
  CHECK(lines(*file) == std::vector<std::string>{"5:ee"});
  CHECK_FALSE(file->unfinished());
  CHECK(settled(*file) == State::Same);
}

TEST_CASE("followed file: a last line that was whole is not given again", "[jsonl]") {
  const Folder folder;
  folder.write("a\nb");
  auto file = FollowedFile::open(folder.file());
  CHECK(lines(*file) == std::vector<std::string>{"1:a"});
  REQUIRE(file->unfinished());
  CHECK(file->unfinished()->number == 2);
  file->take_unfinished();
  folder.append("\nc\n");
  CHECK(lines(*file) == std::vector<std::string>{"2:", "3:c"});
}

TEST_CASE("followed file: lines longer than a buffer are whole", "[jsonl]") {
  const Folder folder;
  const std::string large(5'000'000, 'x');
  folder.write("a\n" + large + "\nb\n" + large + "\n");
  auto file = FollowedFile::open(folder.file());
  CHECK(lines(*file) == std::vector<std::string>{"1:a", "2:" + large, "3:b", "4:" + large});
}

TEST_CASE("followed file: a line without measure is left out and its number kept", "[jsonl]") {
  const Folder folder;
  folder.write("a\n" + std::string(kLineBytesMax + 3'000'000, 'x') + "\nb\n");
  auto file = FollowedFile::open(folder.file());
  CHECK(lines(*file) == std::vector<std::string>{"1:a", "2!", "3:b"});
}

TEST_CASE("followed file: tells when another file has taken its place", "[jsonl]") {
  const Folder folder;
  folder.write("a\n");
  auto file = FollowedFile::open(folder.file());
  lines(*file);
  SECTION("renamed over it") {
    folder.write("a\n", "new");
    std::filesystem::rename(folder.file("new"), folder.file());
  }
  SECTION("removed") { std::filesystem::remove(folder.file()); }
  SECTION("cut") { folder.write(""); }
  SECTION("written anew and longer") { folder.write("other\nand longer\n"); }
  CHECK(settled(*file) == State::Other);
}

TEST_CASE("followed file: tells when it was written in place at the same length", "[jsonl]") {
  const Folder folder;
  const std::string frame(4'000, '.');
  folder.write(frame + "running" + frame + "\n");
  auto file = FollowedFile::open(folder.file());
  lines(*file);
  CHECK(settled(*file) == State::Same);
  // Until the clock by which files are stamped has moved on.
  const auto before = std::filesystem::last_write_time(folder.file());
  while (std::filesystem::last_write_time(folder.file()) == before) {
    folder.write(frame + "stopped" + frame + "\n");
  }
  CHECK(settled(*file) == State::Other);
}

TEST_CASE("followed file: one that grows without pause stays the same", "[jsonl]") {
  const Folder folder;
  folder.write("");
  auto file = FollowedFile::open(folder.file());
  constexpr int kLines = 20'000;
  std::thread writer([&] {
    std::ofstream out(folder.file(), std::ios::app);
    for (int i = 0; i < kLines; ++i) out << "line " << i << std::endl;
  });
  std::size_t read = 0;
  bool same = true;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (same && read < kLines && std::chrono::steady_clock::now() < deadline) {
    same = file->state() != State::Other;
    read += lines(*file).size();
  }
  writer.join();
  CHECK(same);
  CHECK(read == kLines);
  CHECK(settled(*file) == State::Same);
}

TEST_CASE("followed file: what cannot be read is told", "[jsonl]") {
  const Folder folder;
  CHECK_FALSE(FollowedFile::open(folder.file("absent")));
  CHECK_FALSE(FollowedFile::open(folder.file("absent/below")));
  std::filesystem::create_directory(folder.file("folder"));
  CHECK_THROWS_AS(FollowedFile::open(folder.file("folder")), sdk::Fault);
}

}  // namespace
}  // namespace storm::jsonl
