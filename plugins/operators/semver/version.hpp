// Version: a version as tags of images and programs write it, ordered as Semantic Versioning
// orders, but read with more patience. A value. [any-thread]
//
//   version    := [ "v" ] NUMBER ( "." NUMBER ){0,3} [ pre-release ] [ variant ]
//   pre-release := [ "-" | "." | "_" ] WORD [ "." | "-" ] [ NUMBER ] ...   "-rc.1", "beta4",
//   "-alpha" variant    := ( "-" | "+" | "_" ) ANYTHING                            "-alpine3.18",
//   "+build5"
//
// WORD is one of kPreReleaseWords; a variant is the same version. Numbers have 18 digits at most.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storm::semver {

inline constexpr std::size_t kVersionBytesMax = 256;
inline constexpr std::size_t kPartsMax = 4;
inline constexpr std::string_view kPreReleaseWords[] = {
    "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "canary", "nightly", "next", "m"};

struct Version {
  std::array<std::uint64_t, kPartsMax> parts{};  // those that are not there are 0
  std::size_t given = 0;                         // how many are there
  std::string pre_release;                       // "rc.1"; empty for a release

  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }
};

std::optional<Version> parse_version(std::string_view text);

}  // namespace storm::semver
