// Tests words for people: durations, cuts between characters, and names that are spelled alike.
#include <string>
#include <vector>

#include "io/text/durations.h"
#include "io/text/lower_case.h"
#include "io/text/parse_number.h"
#include "io/text/similar_words.h"
#include "io/text/utf8.h"
#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("durations read as clocks do", "[text]") {
  CHECK(io::format_duration(0) == "0:00");
  CHECK(io::format_duration(59.4) == "0:59");
  CHECK(io::format_duration(59.6) == "1:00");
  CHECK(io::format_duration(61) == "1:01");
  CHECK(io::format_duration(3599.6) == "1:00:00");
  CHECK(io::format_duration(3725) == "1:02:05");
  CHECK(io::format_duration(360000) == "100:00:00");
}

TEST_CASE("a time left is as precise as an estimate is", "[text]") {
  CHECK(io::approximate_duration(0) == "0 s");
  CHECK(io::approximate_duration(59.4) == "59 s");
  CHECK(io::approximate_duration(59.6) == "1 min");
  CHECK(io::approximate_duration(3569) == "59 min");
  CHECK(io::approximate_duration(3571) == "1 h 00 min");
  CHECK(io::approximate_duration(3600 * 47 + 1800) == "47 h 30 min");
  CHECK(io::approximate_duration(3600 * 52.4) == "2 d 4 h");
}

TEST_CASE("a line is cut between characters, not within one", "[text]") {
  CHECK(io::first_characters("abc", 3) == "abc");
  CHECK(io::first_characters("abc", 2) == "ab");
  CHECK(io::first_characters("", 2) == "");
  CHECK(io::first_characters("a\xc3\xa9\xe2\x82\xac", 3) == "a\xc3\xa9\xe2\x82\xac");  // a, e acute, euro
  CHECK(io::first_characters("a\xc3\xa9\xe2\x82\xac", 2) == "a\xc3\xa9");
  CHECK(io::first_characters("a\xc3\xa9\xe2\x82\xac", 1) == "a");
}

TEST_CASE("the edit distance counts slips, two letters that have changed places as one") {
  CHECK(io::edit_distance("kitten", "sitting") == 3);  // Wikipedia's example
  CHECK(io::edit_distance("", "abc") == 3);
  CHECK(io::edit_distance("abc", "abc") == 0);
  CHECK(io::edit_distance("model", "modle") == 1);
}

TEST_CASE("a text is a number where all of it is") {
  CHECK(io::parse_number<int64_t>("-12") == -12);
  CHECK(io::parse_number<double>("1e-3") == 0.001);
  for (const char* other : {"", " 1", "1 ", "+1", "1,2", "0x1", "1.5"}) {
    INFO(other);
    CHECK_FALSE(io::parse_number<int64_t>(other).has_value());
  }
  CHECK(io::parse_number<uint8_t>("255") == 255);
  CHECK_FALSE(io::parse_number<uint8_t>("256").has_value());
  CHECK_FALSE(io::parse_number<double>("1e999").has_value());
}

TEST_CASE("lower case is that of ASCII") {
  CHECK(io::lower_case("T1-Gd_\xC3\x89.NII") == "t1-gd_\xC3\x89.nii");
}

TEST_CASE("names that are alike are those within one slip in three characters", "[text]") {
  const std::vector<std::string> names = {"--patch", "--plan", "--skips", "--model"};
  CHECK(io::similar("--pach", names) == std::vector<std::string>{"--patch"});
  CHECK(io::similar("--PATCH", names) == std::vector<std::string>{"--patch"});
  CHECK(io::similar("--modle", names) == std::vector<std::string>{"--model"});
  CHECK(io::similar("--plam", names) == std::vector<std::string>{"--plan"});
  CHECK(io::similar("--kips-all", names).empty());
  CHECK(io::similar("--quantum", names).empty());
  CHECK(io::similar("--x", names).empty());
}
