#include "core/model/redaction.hpp"

#include "catch.hpp"

using storm::Redactor;

namespace {

std::string redact(const Redactor& redactor, const std::string& text) {
  return redactor.redact(text).value_or(text);
}

}  // namespace

TEST_CASE("redaction: secrets of environments, labels, command lines and URLs are replaced",
          "[model]") {
  const Redactor redactor("key", {});
  const std::string text = GENERATE(
      R"({"Env":["PGPASSWORD=hunter2","PATH=/bin"]})",
      R"({"Spec":{"Labels":{"api_token":"hunter2"}}})", R"({"Args":["--password=hunter2"]})",
      R"({"Args":["--db-password","hunter2"]})",
      R"({"Env":["DATABASE_URL=postgres://user:hunter2@host/db"]})",
      R"({"Endpoint":"http://u:hunter2@h/"})", R"({"Env":["A=1","MY_SECRET=hunter2=x"]})",
      R"({"env":[{"name":"DB_PASSWORD","value":"hunter2"}]})", R"({"U":"http:\/\/u:hunter2@h"})",
      R"({"Labels":{"pass\u0077ord":"hunter2"}})", R"({"JoinTokens":{"Worker":"SWMTKN-hunter2"}})");
  const std::string redacted = redact(redactor, text);
  CHECK(redacted.find("hunter2") == std::string::npos);
  CHECK(redacted.find(text.find("SWMTKN") == std::string::npos
                          ? redactor.fingerprint(text.find("=x") == std::string::npos ? "hunter2"
                                                                                      : "hunter2=x")
                          : redactor.fingerprint("SWMTKN-hunter2")) != std::string::npos);
}

TEST_CASE("redaction: a password in a URL is found however its text is escaped", "[model]") {
  const Redactor redactor("key", {});
  const std::string text =
      GENERATE(R"({"u":"http:\/\/u:hunter2@h\/"})", R"({"u":"a http://u:hunter2\u0026x@h"})",
               R"({"v":"http://h/", "u":"http://u:\"hunter2\"@h/"})",
               R"({"u":"http://h/\\", "v":"tcp://u:hunter2@h"})");
  CHECK(redact(redactor, text).find("hunter2") == std::string::npos);
}

TEST_CASE("redaction: a name is a secret's wherever the word stands in it, in any case",
          "[model]") {
  const Redactor redactor("key", {true, {"Z", "Größe", "-x"}});
  const std::string secret = GENERATE("password", "DB_PASSWORD", "aPi-KeY", "xsecret", "ssecret",
                                      "z", "Z1", "a z", "größe", "foo-X", "tokentoke", "pass");
  CAPTURE(secret);
  CHECK(redactor.is_secret_name(secret));
  const std::string plain = GENERATE("", "p", "passiv", "toke", "secre", "key", "- x");
  CAPTURE(plain);
  CHECK_FALSE(redactor.is_secret_name(plain));
}

TEST_CASE("redaction: short words mark a secret as whole words of a name", "[model]") {
  const Redactor redactor("key", {});
  const std::string secret =
      GENERATE("DB_PASS", "SMTP_PASS", "MYSQL_PWD", "REDIS_AUTH", "STRIPE_KEY", "PASS", "AUTH",
               "SIM_PIN", "db.pass", "db-pass", "dbPass", "DBPass", "SSHKey", "appKey", "PASS1",
               "KEY_PASS_2", "DB_PASS_", "AUTH_HEADER", "STRIPE_KEY_BASE64", "com.example/pin",
               "userPwdHash", "--smtp-pass", "x_KEY_ID_AND_PASS", "\npass");
  CAPTURE(secret);
  CHECK(redactor.is_secret_name(secret));
  CHECK(
      redact(redactor, R"({"Env":[")" + (secret[0] == '\n' ? "\\npass" : secret) + R"(=hunter2"]})")
          .find("hunter2") == std::string::npos);
  const std::string plain =
      GENERATE("compass", "bypass", "PassThrough", "pass_through", "PASSENGER", "Author", "AUTHORS",
               "OAUTH2X", "auth_type", "AUTH_URL", "monkey", "keyboard", "KEYS", "KeyId",
               "AWS_KEY_ID", "TLS_KEY_FILE", "key", "--key", "PWD", "OLDPWD", "pwdx", "pinned",
               "spin", "mapping", "PIN_MODE", "Key-Path");
  CAPTURE(plain);
  CHECK_FALSE(redactor.is_secret_name(plain));
}

TEST_CASE("redaction: passwords of all URLs in a text are replaced, however they are written",
          "[model]") {
  const Redactor redactor("key", {});
  const std::string text = GENERATE(
      "amqp://u:hunter2@h1,amqp://u:hunter2@h2", "wget http://x/; psql postgres://u:hunter2@db",
      "postgres://u:hunter2/ss@db", "postgres://u:a/hunter2@db", "postgres://u:hunter2?x#y@db/n",
      "mongodb://u:hunter2@h1:27017,h2:27017/db?x=a@b", "http://proxy/http://u:hunter2@h",
      "redis://:hunter2@h", "postgres://u:a@hunter2@db", "a://u:hunter2@h;b://u:hunter2@h",
      "x='http://u:hunter2@h' y=\\\"http://u:hunter2@h\\\"", "postgres://u:a://hunter2@db");
  CAPTURE(text);
  const std::string document = R"({"U":")" + text + R"(","Args":["A=)" + text + R"("]})";
  const std::string redacted = redact(redactor, document);
  CHECK(redacted.find("hunter2") == std::string::npos);
  CHECK(redacted.find("redacted:hmac-") != std::string::npos);
  CHECK(redact(redactor, redacted) == redacted);
}

TEST_CASE("redaction: an '@' behind the authority of a URL makes no password", "[model]") {
  const Redactor redactor("key", {});
  const std::string text =
      GENERATE("http://host:80/x@y", "http://host/a:b@c", "oci://reg:5000/image:1@sha256:0af",
               "oci://reg/image:1@sha256:0af", "http://[::1]:80/x@y", "http://user@host/x",
               "http://h:8080/ joe:x@y", "http://h?q=a:b@c", "see http://h, mail joe:x@y");
  CAPTURE(text);
  CHECK_FALSE(redactor.redact(R"({"U":")" + text + R"("})"));
}

TEST_CASE("redaction: what is no secret keeps its bytes", "[model]") {
  const Redactor redactor("key", {});
  const std::string text = GENERATE(
      R"({"Env":["PATH=/bin"], "n": 1.50})", R"({"Secrets":[{"SecretName":"db","SecretID":"x"}]})",
      R"({"Labels":{"com.example":"a"}, "u":"http://host:80/x@y"})", R"({"Env":["PASSWORD="]})");
  CHECK_FALSE(redactor.redact(text));
}

TEST_CASE("redaction: equal secrets have equal fingerprints, another key makes others", "[model]") {
  const Redactor one("key", {}), other("another", {});
  CHECK(one.fingerprint("a") == one.fingerprint("a"));
  CHECK(one.fingerprint("a") != one.fingerprint("b"));
  CHECK(one.fingerprint("a") != other.fingerprint("a"));
  CHECK(one.fingerprint("a").size() == std::string("redacted:hmac-").size() + 32);
}

TEST_CASE("redaction: done twice changes nothing more", "[model]") {
  const Redactor redactor("key", {});
  const std::string once =
      redact(redactor, R"({"Env":["PASSWORD=x","URL=http://u:p@h"],"Args":["--token","t"]})");
  CHECK(redact(redactor, once) == once);
}

TEST_CASE("redaction: words can be added and the whole turned off", "[model]") {
  CHECK(redact(Redactor("key", {true, {"Magic"}}), R"({"Env":["MAGIC_WORD=x1y"]})").find("x1y") ==
        std::string::npos);
  CHECK(redact(Redactor("key", {false, {}}), R"({"Env":["PASSWORD=x1y"]})").find("x1y") !=
        std::string::npos);
}
