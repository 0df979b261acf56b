#include "core/model/ids.hpp"

#include <openssl/evp.h>
#include <sys/random.h>

#include <cstring>
#include <memory>

#include "core/base/assert.hpp"

namespace storm {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
__extension__ using Wide = unsigned __int128;

struct KindWords {
  std::string_view name, prefix, collection;
};
constexpr KindWords kKinds[kEntityKinds] = {
    {"agent", "agent-", "agents"},
    {"resource", "res-", "resources"},
    {"group", "group-", "groups"},
    {"application", "app-", "apps"},
    {"procedure", "proc-", "procedures"},
    {"job", "job-", "jobs"},
    {"subscription", "sub-", "subscriptions"},
    {"view", "view-", "views"},
};

const KindWords& words_of(EntityKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::array<std::uint8_t, 256> kDigitOf = [] {
  std::array<std::uint8_t, 256> digits = {};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

// Division of 128 bits is slow: once for each ten digits, the rest is done with 64.
void append_base62(std::string& out, const Uuid& uuid) {
  constexpr std::size_t kDigitsAtOnce = 10;
  constexpr std::uint64_t kAtOnce = 839'299'365'868'340'224;  // 62 to the tenth
  std::array<char, kBase62Digits> digits;
  Wide number = static_cast<Wide>(uuid.high) << 64 | uuid.low;
  for (std::size_t end = digits.size(); end > 0;) {
    auto part = static_cast<std::uint64_t>(number % kAtOnce);
    number /= kAtOnce;
    const std::size_t begin = end > kDigitsAtOnce ? end - kDigitsAtOnce : 0;
    while (end > begin) {
      digits[--end] = kAlphabet[part % 62];
      part /= 62;
    }
  }
  out.append(digits.data(), digits.size());
}

// Marks the version and variant bits of RFC 9562.
Uuid stamp(Uuid uuid, std::uint64_t version) {
  uuid.high = (uuid.high & ~std::uint64_t{0xf000}) | version << 12;
  uuid.low = (uuid.low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
  return uuid;
}

}  // namespace

std::string_view name_of(EntityKind kind) { return words_of(kind).name; }
std::string_view id_prefix_of(EntityKind kind) { return words_of(kind).prefix; }
std::string_view collection_of(EntityKind kind) { return words_of(kind).collection; }

Uuid Uuid::random() {
  Uuid uuid;
  STORM_ASSERT(getrandom(&uuid, sizeof uuid, 0) == static_cast<ssize_t>(sizeof uuid));
  return stamp(uuid, 4);
}

namespace {

// What is fetched for each digest costs more than the digest of a short text.
struct Digester {
  struct End {
    void operator()(EVP_MD* method) const { EVP_MD_free(method); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD, End> method{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  const std::unique_ptr<EVP_MD_CTX, End> context{EVP_MD_CTX_new()};
};

}  // namespace

Uuid Uuid::from_names(std::string_view space, std::string_view name) {
  std::string text;
  text.reserve(space.size() + name.size() + 1);
  text.append(space).push_back('\0');
  text.append(name);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  thread_local const Digester digester;
  EVP_MD_CTX* const context = digester.context.get();
  STORM_ASSERT(EVP_DigestInit_ex(context, digester.method.get(), nullptr) == 1);
  STORM_ASSERT(EVP_DigestUpdate(context, text.data(), text.size()) == 1);
  STORM_ASSERT(EVP_DigestFinal_ex(context, digest, &length) == 1);
  Uuid uuid;
  std::memcpy(&uuid, digest, sizeof uuid);
  return stamp(uuid, 8);
}

std::string to_base62(const Uuid& uuid) {
  std::string digits;
  append_base62(digits, uuid);
  return digits;
}

std::optional<Uuid> uuid_from_base62(std::string_view digits) {
  if (digits.size() != kBase62Digits) return std::nullopt;
  Wide number = 0;
  constexpr Wide kLargest = ~Wide{0};
  for (const char c : digits) {
    const std::size_t digit = kDigitOf[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return std::nullopt;
    if (number > kLargest / 62 || number * 62 > kLargest - digit) return std::nullopt;
    number = number * 62 + digit;
  }
  return Uuid{static_cast<std::uint64_t>(number >> 64), static_cast<std::uint64_t>(number)};
}

std::string Id::to_string() const {
  const std::string_view prefix = id_prefix_of(kind);
  std::string text;
  text.reserve(prefix.size() + kBase62Digits);
  text = prefix;
  append_base62(text, uuid);
  return text;
}

std::optional<Id> Id::parse(std::string_view text) {
  for (const EntityKind kind : kAllEntityKinds) {
    const std::string_view prefix = id_prefix_of(kind);
    if (!text.starts_with(prefix)) continue;
    const auto uuid = uuid_from_base62(text.substr(prefix.size()));
    if (uuid) return Id{kind, *uuid};
  }
  return std::nullopt;
}

}  // namespace storm
