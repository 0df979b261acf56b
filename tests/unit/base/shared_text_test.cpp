#include "core/base/shared_text.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "core/base/text_list.hpp"
#include "core/base/text_pool.hpp"

using storm::SharedText;
using storm::TextList;
using storm::TextPool;

TEST_CASE("shared text: holds any bytes, and compares by them", "[base]") {
  const std::string bytes("a\0b", 3);
  const SharedText text(bytes);
  const SharedText copy = text;
  CHECK(text.view() == bytes);
  CHECK(copy.view().data() == text.view().data());
  CHECK(text.holders() == 2);
  CHECK(text == SharedText(bytes));
  CHECK(text == bytes);
  CHECK_FALSE(text == SharedText("a"));
  CHECK(SharedText("a") < SharedText("b"));
  CHECK(SharedText("") < SharedText("a"));
  CHECK(SharedText().empty());
  CHECK(SharedText("").holders() == 0);
  CHECK(SharedText() == "");
}

TEST_CASE("text pool: equal texts share memory, and are forgotten when nobody holds them",
          "[base]") {
  TextPool pool;
  const SharedText kept = pool.intern("kept");
  CHECK(pool.intern("kept").view().data() == kept.view().data());
  CHECK(pool.intern("").empty());
  for (int i = 0; i < 100'000; ++i) (void)pool.intern(std::to_string(i));
  CHECK(pool.size() < 5'000);
  CHECK(pool.intern("kept").view().data() == kept.view().data());
  std::vector<SharedText> held;
  for (int i = 0; i < 10'000; ++i) held.push_back(pool.intern(std::to_string(i)));
  CHECK(pool.size() >= held.size());
  CHECK(pool.intern("77").view().data() == held[77].view().data());
}

TEST_CASE("text list: holds what it was given, in its order", "[base]") {
  using List = std::vector<std::string>;
  const List texts = GENERATE(List{}, List{""}, List{"one"},
                              List{"b", "", "a", std::string(70'000, 'x')}, List(64, "n"));
  TextList list(texts);
  REQUIRE(list.size() == texts.size());
  CHECK(list.empty() == texts.empty());
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(list[i] == texts[i]);
  CHECK(List(list.begin(), list.end()) == texts);
  const List back = list;
  CHECK(back == texts);
  TextList copy = list;
  CHECK(copy == list);
  CHECK(TextList(texts) == list);
  list = {"other", "list"};
  CHECK(list.size() == 2);
  CHECK_FALSE(copy == list);
  CHECK(List(copy) == texts);
}

TEST_CASE("text list: sorts as a vector of its texts does", "[base]") {
  const std::vector<std::vector<std::string>> lists = {{}, {""}, {"a"}, {"a", "b"}, {"ab"}, {"b"}};
  for (const auto& a : lists) {
    for (const auto& b : lists) {
      CHECK((TextList(a) < TextList(b)) == (a < b));
      CHECK((TextList(a) == TextList(b)) == (a == b));
    }
  }
}
