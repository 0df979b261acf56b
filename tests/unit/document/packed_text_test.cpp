#include "core/document/packed_text.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "core/document/text_packer.hpp"

using storm::PackedText;
using storm::SharedDictionary;
using storm::TextDictionary;
using storm::TextPacker;

namespace {

// Texts of a kind have their words in common, each of which comes but once in a text.
std::string text_of(const std::string& kind, unsigned number) {
  std::minstd_rand words(static_cast<unsigned>(kind.front()));
  std::minstd_rand numbers(number * 7919 + 1);
  std::string text = "{\"" + kind + "\":" + std::to_string(number);
  for (int i = 0; i < 20; ++i) {
    text += ",\"";
    for (int j = 0; j < 24; ++j) text += static_cast<char>('a' + words() % 26);
    text += "\":" + std::to_string(numbers() % 1000);
  }
  return text + "}";
}

SharedDictionary trained_on(const std::string& kind) {
  std::vector<std::string> samples;
  for (unsigned i = 0; i < 500; ++i) samples.push_back(text_of(kind, i));
  auto dictionary = TextDictionary::train(samples);
  REQUIRE(dictionary);
  return *dictionary;
}

}  // namespace

TEST_CASE("packed text: any text comes back byte for byte", "[document]") {
  const SharedDictionary dictionary = trained_on("Task");
  std::minstd_rand random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string(100, 'a'), std::string("\0\xff", 2),
        text_of("Task", 1), text_of("Node", 2), noise, std::string(3'000'000, 'x')}) {
    for (const SharedDictionary& with : {SharedDictionary(), dictionary}) {
      const PackedText packed = PackedText::pack(text, with);
      CHECK(packed.text() == text);
      CHECK(packed.size() == text.size());
      CHECK(packed.bytes().size() <= text.size());
      std::string appended = "before ";
      packed.append_to(appended);
      CHECK(appended == "before " + text);
    }
    CHECK(PackedText::raw(text).text() == text);
    CHECK(PackedText::raw(text).bytes() == text);
  }
  CHECK_FALSE(PackedText::pack(noise, dictionary).is_packed());
  CHECK_FALSE(PackedText::pack("{}", dictionary).is_packed());
}

TEST_CASE("packed text: a dictionary of its kind makes a text several times as short",
          "[document]") {
  const SharedDictionary dictionary = trained_on("Task");
  const std::string text = text_of("Task", 10'000);
  const std::size_t alone = PackedText::pack(text, nullptr).bytes().size();
  CHECK(alone < text.size());
  CHECK(PackedText::pack(text, dictionary).bytes().size() * 2 < alone);
}

TEST_CASE("packed text: equal texts are equal however they are kept", "[document]") {
  const SharedDictionary one = trained_on("Task");
  const SharedDictionary other = trained_on("Node");
  const std::string text = text_of("Task", 1);
  std::string similar = text;
  similar.back() = ']';
  const std::vector<PackedText> forms{PackedText::raw(text), PackedText::pack(text, nullptr),
                                      PackedText::pack(text, one), PackedText::pack(text, one),
                                      PackedText::pack(text, other)};
  for (const PackedText& a : forms) {
    for (const PackedText& b : forms) CHECK(a == b);
    CHECK_FALSE(a == PackedText::pack(similar, one));
    CHECK_FALSE(a == PackedText::raw(similar));
    CHECK_FALSE(a == PackedText());
  }
  CHECK(PackedText() == PackedText());
  CHECK_FALSE(PackedText() == PackedText::raw(""));
}

TEST_CASE("packed text: it comes back from its bytes and dictionary, damaged bytes are refused",
          "[document]") {
  const SharedDictionary dictionary = trained_on("Task");
  const PackedText packed = PackedText::pack(text_of("Task", 1), dictionary);
  REQUIRE(packed.is_packed());
  auto same = TextDictionary::from_bytes(dictionary->bytes());
  REQUIRE(same);
  CHECK((*same)->key() == dictionary->key());
  const auto back = PackedText::from_packed(packed.bytes(), *same);
  REQUIRE(back);
  CHECK(back->text() == text_of("Task", 1));

  const std::string bytes(packed.bytes());
  CHECK_FALSE(PackedText::from_packed(bytes.substr(0, bytes.size() / 2), dictionary));
  CHECK_FALSE(PackedText::from_packed("", dictionary));
  CHECK_FALSE(PackedText::from_packed("nonsense", nullptr));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    const auto read = PackedText::from_packed(damaged, dictionary);
    if (read) CHECK(read->text().size() == read->size());
  }
  CHECK_FALSE(TextDictionary::from_bytes("no dictionary"));
  CHECK_FALSE(TextDictionary::from_bytes(""));
}

TEST_CASE("packed text: a dictionary lives as long as a text needs it", "[document]") {
  SharedDictionary dictionary = trained_on("Task");
  CHECK(dictionary->users() == 0);
  PackedText text = PackedText::pack(text_of("Task", 1), dictionary);
  const PackedText copy = text;
  CHECK(dictionary->users() == 1);
  dictionary = nullptr;
  text = PackedText();
  CHECK(copy.text() == text_of("Task", 1));
}

TEST_CASE("text packer: trains after some texts, and again when they have changed", "[document]") {
  TextPacker packer;
  std::vector<PackedText> kept;
  for (unsigned i = 0; i < storm::kTrainingTexts - 1; ++i) {
    kept.push_back(packer.pack(text_of("Task", i)));
  }
  CHECK_FALSE(packer.current());
  kept.push_back(packer.pack(text_of("Task", 5000)));
  const SharedDictionary first = packer.current();
  REQUIRE(first);
  CHECK(kept.back().dictionary() == first);
  CHECK(packer.pack_only(text_of("Task", 5001)).dictionary() == first);
  CHECK(packer.find(first->key()) == first);

  // More of the same gains nothing, another kind does.
  for (unsigned i = 0; i < 8 * storm::kTrainingTexts; ++i) {
    (void)packer.pack(text_of(i % 2 == 0 ? "Task" : "Node", i));
  }
  const SharedDictionary second = packer.current();
  REQUIRE(second);
  CHECK_FALSE(second == first);
  CHECK(packer.pack_only(text_of("Node", 77'777)).bytes().size() * 2 <
        PackedText::pack(text_of("Node", 77'777), first).bytes().size());
  for (unsigned i = 0; i < kept.size(); i += 99) CHECK(kept[i].text() == text_of("Task", i));
}

TEST_CASE("text packer: texts with nothing to learn from leave it without a dictionary",
          "[document]") {
  TextPacker packer;
  for (unsigned i = 0; i < 2 * storm::kTrainingTexts; ++i) (void)packer.pack("{}");
  CHECK_FALSE(packer.current());
}

TEST_CASE("text packer: after a load it goes on with the dictionary of most texts", "[document]") {
  const SharedDictionary few = trained_on("Task"), most = trained_on("Node"),
                         none = trained_on("Cluster");
  TextPacker packer;
  std::vector<PackedText> texts;
  {
    for (const SharedDictionary& each : {few, most, none}) {
      auto read = TextDictionary::from_bytes(each->bytes());
      REQUIRE(read);
      packer.add(std::move(*read));
    }
    texts.push_back(PackedText::pack(text_of("Task", 1), packer.find(few->key())));
    for (unsigned i = 0; i < 3; ++i) {
      texts.push_back(PackedText::pack(text_of("Node", i), packer.find(most->key())));
    }
  }
  const auto unused = packer.settle();
  REQUIRE(unused.size() == 1);
  CHECK(unused.front()->key() == none->key());
  REQUIRE(packer.current());
  CHECK(packer.current()->key() == most->key());
  CHECK(packer.find(few->key()));
  CHECK_FALSE(packer.find(none->key()));
}

TEST_CASE("text packer: threads may pack at once while one of them trains", "[document][threads]") {
  TextPacker packer;
  std::vector<std::thread> threads;
  std::vector<std::vector<PackedText>> texts(3);
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < storm::kTrainingTexts; ++i) {
        texts[t].push_back(packer.pack(text_of("Task", t * 10'000 + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(packer.current());
  for (unsigned t = 0; t < 3; ++t) {
    for (unsigned i = 0; i < texts[t].size(); i += 37) {
      CHECK(texts[t][i].text() == text_of("Task", t * 10'000 + i));
    }
  }
}
