#include "catch.hpp"
#include "cli/client.hpp"

using namespace storm::cli;

TEST_CASE("address: host, port, scheme and IPv6 in every form", "[cli]") {
  const auto url = [](const char* text) {
    auto address = parse_address(text);
    return address ? address->url : address.error().message;
  };
  CHECK(url("10.0.1.7") == "http://10.0.1.7:28482");
  CHECK(url("host:80") == "http://host:80");
  CHECK(url("[::1]:80") == "http://[::1]:80");
  CHECK(url("[::1]") == "http://[::1]:28482");
  CHECK(url("::1") == "http://[::1]:28482");
  CHECK(url("https://storm.example/") == "https://storm.example:28482");
}

TEST_CASE("address: what is none is refused", "[cli]") {
  const auto text = GENERATE(as<std::string>(), "", "host:", "host:0", "host:70000", "host:8x",
                             "a b", "host/path", "ftp://host", "u@host");
  CHECK_FALSE(parse_address(text));
}

TEST_CASE("address: what stands in a path is encoded", "[cli]") {
  CHECK(path_to("groups", "a/b c?", {{"q", "{\"a\":1}"}}) ==
        "/v1/groups/a%2Fb%20c%3F?q=%7B%22a%22%3A1%7D");
}

TEST_CASE("address: a token goes in clear to this machine alone", "[cli]") {
  const auto is_safe = [](const char* text, std::string token = "secret") {
    ClientOptions options;
    options.address = *parse_address(text);
    options.token = std::move(token);
    return bool(check_token_is_safe(options));
  };
  for (const char* near : {"127.0.0.1", "127.9.9.9:80", "::1", "[::1]:80", "localhost",
                           "http://localhost:80", "https://10.0.0.7", "https://storm.example:80"}) {
    INFO(near);
    CHECK(is_safe(near));
  }
  for (const char* far : {"10.0.0.7", "storm.example:80", "http://[2001:db8::1]:80", "0.0.0.0",
                          "127.evil.example", "localhost.evil.example", "128.0.0.1", "127.1"}) {
    INFO(far);
    CHECK_FALSE(is_safe(far));
    CHECK(is_safe(far, ""));
  }
}
