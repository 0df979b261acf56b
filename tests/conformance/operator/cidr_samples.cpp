// Samples of the plugin operator-cidr: $cidr.
#include <cstdint>

#include "operator_samples.hpp"

namespace storm::conformance {
namespace {

OperatorUse cidr(const std::string& network) { return {"$cidr", "\"" + network + "\"", "{}"}; }

std::string octet(Random& random) { return std::to_string(random() % 4 + 8); }

std::string random_network(Random& random) {
  const auto bits = static_cast<std::uint32_t>(random() % 33);
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) address = address << 8 | static_cast<std::uint32_t>(random() % 4 + 8);
  address &= bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
  if (random() % 10 == 0) return "fd0" + std::to_string(random() % 10) + "::/16";
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(address >> shift & 255U) + (shift > 0 ? "." : "");
  }
  return random() % 20 == 0 ? text + "/64" : text + "/" + std::to_string(bits);
}

OperatorUse random_use(Random& random) {
  if (random() % 3 > 0) return cidr(random_network(random));
  return {"$cidr", "[\"" + random_network(random) + "\",\"" + random_network(random) + "\"]", "{}"};
}

std::string random_text(Random& random) {
  if (random() % 10 == 0) return "fd0" + std::to_string(random() % 10) + ":0::1";
  std::string text =
      octet(random) + "." + octet(random) + "." + octet(random) + "." + octet(random);
  if (random() % 5 == 0) text += "/24";
  if (random() % 7 == 0) text += ":80";
  return text;
}

}  // namespace

OperatorSamples operator_samples() {
  OperatorSamples samples;
  samples.examples = {
      {cidr("10.0.0.0/8"), "10.1.2.3", true},
      {cidr("10.0.0.0/8"), "11.1.2.3", false},
      {cidr("10.0.0.0/8"), "10.1.2.3/24", true},
      {cidr("10.0.0.0/8"), "10.1.2.3:80", true},
      {cidr("172.16.0.0/12"), "172.31.0.1", true},
      {cidr("10.0.0.1"), "10.0.0.1", true},
      {cidr("2001:db8::/32"), "2001:DB8::1", true},
      {cidr("2001:db8::/32"), "[2001:db8::1]:443", true},
      {cidr("::/0"), "10.0.0.1", false},
      {cidr("10.0.0.0/8"), "web", false},
      {{"$cidr", R"(["10.0.0.0/8", "fd00::/8"])", "{}"}, "fd12::1", true},
  };
  samples.garbage = {
      {"$cidr", "10"},
      {"$cidr", "null"},
      {"$cidr", "[]"},
      {"$cidr", "[10]"},
      {"$cidr", "{not json"},
      {"$cidr", ""},
      cidr(""),
      cidr("10.0.0.0/"),
      cidr("10.0.0.0/33"),
      cidr("10.1.2.3/8"),
      cidr("010.0.0.0/8"),
      cidr("::/129"),
      cidr("2001:db8::1/32"),
      cidr("web"),
      cidr(std::string(100'000, '1')),
      {"$cidr", "\"\xff\xfe\""},
  };
  std::string many = "[\"0.0.0.0/1\"";
  for (int i = 0; i < 900; ++i) many += ",\"10." + std::to_string(i % 256) + ".0.0/17\"";
  samples.hostile_uses = {{"$cidr", many + "]", "{}"}, cidr("::/1")};
  samples.hostile_texts = {std::string(4'000, ':'), std::string(5'000'000, '1'),
                           std::string(60, '.'), "1:2:3:4:5:6:7:8:9:a:b:c"};
  samples.use = &random_use;
  samples.text = &random_text;
  samples.exact_hints = false;
  return samples;
}

}  // namespace storm::conformance
