// These tests start real Docker daemons. Where that cannot be, they are skipped and say why.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

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
