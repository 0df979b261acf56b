// These tests start real Docker daemons. Where that cannot be, they are skipped and say why.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

namespace {

const char* reason_to_skip() {
  if (geteuid() != 0) return "not root: network namespaces and dockerd need it";
  for (const char* program : {"dockerd", "docker", "ip", "busybox", "unshare", "nsenter", "curl"}) {
    const std::string command = std::string("command -v ") + program + " >/dev/null";
    if (std::system(command.c_str()) != 0) {
      return "dockerd, docker, ip, busybox, unshare, nsenter or curl is missing: apt-get install "
             "docker.io iproute2 iptables busybox-static util-linux curl";
    }
  }
  if (std::system("unshare --net --mount --pid --fork true >/dev/null 2>&1") != 0) {
    return "no namespaces can be made here (unshare --net --mount --pid fails)";
  }
  const std::string bridge = "stormp" + std::to_string(getpid());
  if (std::system(("ip link add " + bridge + " type bridge >/dev/null 2>&1").c_str()) != 0) {
    return "no bridge can be made here (ip link add ... type bridge fails)";
  }
  (void)!std::system(("ip link del " + bridge).c_str());
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* reason = reason_to_skip()) {
    std::printf("SKIPPED, no test of a real swarm was run: %s\n", reason);
    constexpr int kSkipped = 77;
    return kSkipped;
  }
  return Catch::Session().run(argc, argv);
}
