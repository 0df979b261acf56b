// A real swarm for one test case: runs tests/swarm/testbed with a state directory of its own, and
// ends it with the object, or with this process if that comes first.
#pragma once
#include <string>
#include <vector>

namespace storm::testing {

class TestBed {
 public:
  // `arguments` of `testbed up`, e.g. "3" or "--tls 2376". Stops the test case if it fails.
  explicit TestBed(const std::string& arguments = "");
  ~TestBed();
  TestBed(const TestBed&) = delete;
  TestBed& operator=(const TestBed&) = delete;

  // Runs `testbed COMMAND` and returns what it printed, without the last newline. Throws when it
  // fails.
  std::string run(const std::string& command) const;
  std::string docker(const std::string& arguments) const { return run("docker " + arguments); }
  std::string socket(int node = 1) const { return run("socket " + std::to_string(node)); }
  std::string control(int node = 1) const { return run("control " + std::to_string(node)); }

  // The body of a GET to a node's API, apart from all code under test. Throws unless it is a 200.
  std::string get(const std::string& path, int node = 1) const;

  // A configuration of the executor for this bed's node, with `more` JSON members at its end.
  std::string config(int node = 1, const std::string& more = "") const;

 private:
  void end();

  std::string state_;
};

}  // namespace storm::testing
