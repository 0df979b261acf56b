#include "tests/swarm/test_bed.hpp"

#include <curl/curl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace storm::testing {
namespace {

std::string make_directory() {
  std::string name = "/tmp/storm-swarm-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  return name;
}

std::string last_words(const std::string& path) {
  constexpr std::size_t kWordsMax = 2'000;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.substr(all.size() > kWordsMax ? all.size() - kWordsMax : 0);
}

}  // namespace

TestBed::TestBed(const std::string& arguments) : state_(make_directory() + "/bed") {
  try {
    run("up " + arguments + " --owner " + std::to_string(getpid()));
  } catch (...) {
    end();
    throw;
  }
}

TestBed::~TestBed() { end(); }

void TestBed::end() {
  try {
    run("down");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  (void)!std::system(("rm -rf " + state_.substr(0, state_.rfind('/'))).c_str());
}

std::string TestBed::run(const std::string& command) const {
  const std::string line =
      "SWARM_TESTBED=" + state_ + " " STORM_TEST_BED " " + command + " 2>" + state_ + ".err";
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string out;
  std::array<char, 4096> chunk;
  std::size_t count = 0;
  while ((count = fread(chunk.data(), 1, chunk.size(), pipe)) > 0) out.append(chunk.data(), count);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("testbed " + command + " failed: " + last_words(state_ + ".err"));
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string TestBed::get(const std::string& path, int node) const {
  std::string body;
  CURL* easy = curl_easy_init();
  const std::string socket_path = state_ + "/node" + std::to_string(node) + "/docker.sock";
  curl_easy_setopt(easy, CURLOPT_URL, ("http://docker" + path).c_str());
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(
      easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* out) {
        static_cast<std::string*>(out)->append(data, size * count);
        return size * count;
      });
  const CURLcode code = curl_easy_perform(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(easy);
  if (code != CURLE_OK || status != 200) {
    throw std::runtime_error("GET " + path + ": " + std::to_string(status) + " " + body);
  }
  return body;
}

std::string TestBed::config(int node, const std::string& more) const {
  return R"({"host":"unix://)" + socket(node) + R"(","control_socket":")" + control(node) + '"' +
         (more.empty() ? "" : "," + more) + "}";
}

}  // namespace storm::testing
