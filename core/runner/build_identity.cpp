#include "core/runner/build_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <array>
#include <fstream>
#include <memory>

namespace storm::runner {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

Result<std::string> build_identity(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Errc::Io, fmt::format("{}: cannot be read", file.string())};
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
  if (!state) return Error{Errc::Internal, "no memory for a hash"};
  XXH3_64bits_reset(state.get());
  std::array<char, kPieceBytes> piece{};
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    XXH3_64bits_update(state.get(), piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

std::string file_identity(const std::filesystem::path& file) {
  struct stat status = {};
  if (::stat(file.c_str(), &status) != 0) return "none";
  return fmt::format("{}-{}-{}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace storm::runner
