#include "plugins/executors/swarm/image_name.hpp"

#include <string>

#include "catch.hpp"

using storm::swarm::parse_image_name;

TEST_CASE("image name: the canonical form has library, registry and tag where Docker has them",
          "[swarm]") {
  const std::string id(64, 'a');
  const struct {
    std::string reference;
    std::string canonical;
    std::string digest;
  } cases[] = {
      {"postgres", "library/postgres:latest", ""},
      {"postgres:9.6", "library/postgres:9.6", ""},
      {"library/postgres:9.6", "library/postgres:9.6", ""},
      {"docker.io/library/postgres:9.6", "library/postgres:9.6", ""},
      {"docker.io/postgres", "library/postgres:latest", ""},
      {"index.docker.io/coolstuff/webapp", "coolstuff/webapp:latest", ""},
      {"coolstuff/webapp:1.4", "coolstuff/webapp:1.4", ""},
      {"localhost/webapp", "localhost/webapp:latest", ""},
      {"localhost:5000/webapp", "localhost:5000/webapp:latest", ""},
      {"localhost:5000/a/b/c:2", "localhost:5000/a/b/c:2", ""},
      {"registry.example.org/team/app:1", "registry.example.org/team/app:1", ""},
      {"[::1]:5000/app:1", "[::1]:5000/app:1", ""},
      {"team/group/app", "team/group/app:latest", ""},
      {"postgres:9.6@sha256:00ff", "library/postgres:9.6", "sha256:00ff"},
      {"postgres@sha256:00ff", "library/postgres", "sha256:00ff"},
      {"localhost:5000/app@sha256:00ff", "localhost:5000/app", "sha256:00ff"},
      {"sha256:" + id, "sha256:" + id, "sha256:" + id},
      {id, id, "sha256:" + id},
      {"", "", ""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.reference);
    CHECK(parse_image_name(each.reference).canonical == each.canonical);
    CHECK(parse_image_name(each.reference).digest == each.digest);
  }
}

TEST_CASE("image name: nonsense is no crash", "[swarm]") {
  for (const char* text : {"/", ":", "@", "//", "a/", ":1", "@sha256:", "a@b@c", "a:b:c", "/:@"}) {
    parse_image_name(text);
  }
  SUCCEED();
}
