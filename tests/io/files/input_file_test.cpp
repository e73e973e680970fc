// Tests files that would hang a reader or fill its memory, and texts that are not fit for a message.
#include "io/files/input_file.h"

#include <sys/stat.h>

#include "engine/error.h"
#include "io/files/json_file.h"
#include "io/files/safetensors.h"
#include "io/files/sha256.h"
#include "io/nifti/nifti.h"
#include "io/text/printable.h"
#include "io/text/utf8.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("pipes, folders and devices are refused at once, by every reader", "[input]") {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);  // nobody writes into it: an ordinary open would wait for ever
  std::filesystem::create_symlink("/dev/zero", folder / "zero");
  const std::vector<std::pair<std::filesystem::path, const char*>> files = {
      {pipe, "pipe] expected a file, got a pipe"},
      {folder / "zero", "zero] expected a file, got a device"},
      {folder.path(), "] expected a file, got a folder"},
      {folder / "absent", "absent] expected a file that can be read, got: No such file or directory"},
  };
  for (const auto& [path, words] : files) {
    CHECK_THAT(message_of<DataError>([&] { io::read_whole_file(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::LineReader reader(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::read_json_file(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::read_nifti(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::read_whole_nifti_header(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::read_safetensors(path); }), ContainsSubstring(words));
    CHECK_THAT(message_of<DataError>([&] { io::sha256_of_file(path); }), ContainsSubstring(words));
  }
}

TEST_CASE("a text is read whole, and refused beyond its bound", "[input]") {
  const TemporaryFolder folder;
  const std::string text(200'000, 'x');  // more than one read
  const std::filesystem::path path = write_bytes(folder / "text", text);
  CHECK(io::read_whole_file(path) == text);
  CHECK(io::read_whole_file(path, 200'000) == text);
  CHECK_THAT(message_of<DataError>([&] { io::read_whole_file(path, 199'999); }),
             ContainsSubstring("text] expected at most 199999 bytes, got 200000"));
  CHECK(io::read_whole_file(write_bytes(folder / "empty", "")).empty());
}

TEST_CASE("lines of a file are those that a text editor shows", "[input]") {
  const TemporaryFolder folder;
  const std::string longer(100'000, 'y');
  struct Case {
    std::string bytes;
    std::vector<std::string> lines;
    bool cut;
  };
  for (const Case& c :
       {Case{"", {}, false}, Case{"a", {"a"}, true}, Case{"a\n", {"a"}, false}, Case{"a\n\nb\n", {"a", "", "b"}, false},
        Case{longer + "\n" + longer, {longer, longer}, true}}) {
    io::LineReader reader(write_bytes(folder / "lines", c.bytes));
    std::vector<std::string> lines;
    for (std::string line; reader.next(line);) lines.push_back(line);
    CHECK(lines == c.lines);
    CHECK(reader.cut() == c.cut);
  }
}

TEST_CASE("a line without an end is refused before it fills the memory", "[input]") {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_bytes(folder / "endless", "");
  std::filesystem::resize_file(path, int64_t{1} << 40);  // zeros that take no room on disk
  io::LineReader reader(path);
  std::string line;
  CHECK_THAT(message_of<DataError>([&] { reader.next(line); }),
             ContainsSubstring("endless] expected lines of at most"));
  CHECK_THAT(message_of<DataError>([&] { io::read_json_file(path); }), ContainsSubstring("endless] expected at most"));
}

TEST_CASE("JSON of any depth, type and encoding is read or refused with the file's name", "[json]") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& text) {
    write_bytes(folder / "a.json", text);
    return message_of<DataError>([&] { io::read_json_file(folder / "a.json"); });
  };
  for (const std::string& open : {std::string("["), std::string("{\"a\":")}) {
    std::string deep;
    for (int i = 0; i < 60'000; ++i) deep += open;
    CHECK_THAT(refusal(deep), ContainsSubstring("a.json] expected JSON nested at most 32 deep"));
  }
  CHECK_THAT(refusal(std::string(33, '[') + std::string(33, ']')), ContainsSubstring("32 deep"));
  write_bytes(folder / "a.json", std::string(32, '[') + std::string(32, ']'));
  CHECK_NOTHROW(io::read_json_file(folder / "a.json"));
  // Brackets within texts do not count as depth, and an escaped quotation mark does not end a text.
  write_bytes(folder / "a.json", R"({"a": "\")" + std::string(100, '[') + R"(", "b": "\\", "c": [1]})");
  CHECK(io::read_json_file(folder / "a.json").at("a") == "\"" + std::string(100, '['));

  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "nul", "\"\xff\"", "1e999", "{\"a\":1}x", "\"\x01\""}) {
    const std::string message = refusal(text);
    CHECK_THAT(message, ContainsSubstring("a.json] expected JSON, got: "));
    CHECK_FALSE(ContainsSubstring("json.exception").match(message));
  }
  CHECK_THAT(refusal(R"({"a": {"b": 1, "c": {"b": 2}, "b": 3}})"), ContainsSubstring("got \"b\" twice"));
  CHECK(refusal("\"" + std::string(100'000, 'x')).size() < 500);  // the library's own message has the whole text
}

TEST_CASE("values of JSON are those asked for, or refused with their name", "[json]") {
  const auto j = io::parse_json(R"({"i": 7, "f": 7.0, "big": 18446744073709551615, "t": "x", "n": null, "b": true})");
  CHECK(io::integer_member(j, "i") == 7);
  CHECK(io::number_member(j, "f") == 7);
  CHECK(io::text_member(j, "t") == "x");
  for (const char* key : {"f", "big", "t", "n", "b"}) {
    CHECK_THAT(
        message_of<DataError>([&] { io::integer_member(j, key); }),
        ContainsSubstring("expected a whole number from 0 to 9223372036854775807 for ") && ContainsSubstring(key));
  }
  CHECK_THROWS_AS(io::integer_member(j, "i", 8), DataError);
  CHECK_THROWS_AS(io::integer_member(j, "i", 0, 6), DataError);
  CHECK_THROWS_AS(io::number_member(j, "t"), DataError);
  CHECK_THROWS_AS(io::text_member(j, "i"), DataError);
  CHECK_THAT(message_of<DataError>([&] { io::member(j, "none"); }), ContainsSubstring("expected 'none', got none"));
  CHECK_THAT(message_of<DataError>([&] { io::member(j["i"], "x"); }), ContainsSubstring("an object with 'x', got 7"));
  CHECK_THAT(message_of<DataError>([&] { io::at_place("file", [&] { return j.at("t").get<int>(); }); }),
             ContainsSubstring("[file] expected other values, got: type must be number, but is string"));
}

TEST_CASE("texts are UTF-8 or not, by the table of the Unicode standard", "[utf8]") {
  for (const char* good : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "na\xc3\xafve"}) {
    CHECK(io::is_utf8(good));
    CHECK(io::escaped_utf8(good) == good);
  }
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "caf\xe9"}) {
    CHECK_FALSE(io::is_utf8(bad));
    CHECK(io::is_utf8(io::escaped_utf8(bad)));
  }
  CHECK(io::escaped_utf8("caf\xe9 \\xE9") == "caf\\xE9 \\\\xE9");
}

TEST_CASE("what a message echoes is short and printable", "[utf8]") {
  CHECK(io::excerpt("t1ce, \xc3\xa9") == "t1ce, \xc3\xa9");
  CHECK(io::excerpt("\x1b[31m\n\xff\x7f") == "\\x1b[31m\\x0a\\xff\\x7f");
  CHECK(io::excerpt(std::string(161, 'x')) == std::string(160, 'x') + "... (1 bytes more)");
  // A character is not cut in two.
  CHECK(io::excerpt(std::string(159, 'x') + "\xc3\xa9") == std::string(159, 'x') + "... (2 bytes more)");
}
