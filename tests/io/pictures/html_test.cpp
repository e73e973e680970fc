// Tests pieces of HTML.
#include "io/pictures/html.h"

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("text of a page is escaped, and UTF-8 whatever its bytes are", "[report]") {
  CHECK(io::escaped("<a \"b\" & \x01\\>") == "&#60;a &#34;b&#34; &#38; ?\\&#62;");
  CHECK(io::escaped("x\xe9<") == "x\\xE9&#60;");
}

TEST_CASE("base64 is that of RFC 4648", "[report]") {
  CHECK(io::base64("") == "");
  CHECK(io::base64("f") == "Zg==");
  CHECK(io::base64("fo") == "Zm8=");
  CHECK(io::base64("foo") == "Zm9v");
  CHECK(io::base64("foob") == "Zm9vYg==");
  CHECK(io::base64("fooba") == "Zm9vYmE=");
}
