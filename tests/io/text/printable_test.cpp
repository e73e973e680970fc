// Tests names that would give a terminal commands.
#include "io/text/printable.h"

#include "tests/support/catch.h"

using namespace revunet;

TEST_CASE("control characters are printed as their bytes, text in any language as it is") {
  CHECK(io::printable("a\x1b[2Jb\r\x07\x7f\tc") == "a\\x1b[2Jb\\x0d\\x07\\x7f\\x09c");
  CHECK(io::printable(std::string_view("a\0b", 3)) == "a\\x00b");
  for (const char* text : {"BraTS2021_00000", "Gehirn-Größe", "脳", "🧠 [x] \\x1b", ""})
    CHECK(io::printable(text) == text);
  CHECK(io::printable("a\nb") == "a\nb");
  CHECK(io::printable_line("a\nb") == "a\\x0ab");
  // C1's CSI (U+009B) begins a command as ESC [ does. U+202E reverses what follows.
  CHECK(io::printable("\xc2\x9b"
                      "2J") == "\\xc2\\x9b2J");
  CHECK(io::printable("\xe2\x80\xae"
                      "gpj") == "\\xe2\\x80\\xaegpj");
}

TEST_CASE("bytes that are no UTF-8 are printed as such") {
  CHECK(io::printable("Caf\xe9") == "Caf\\xe9");  // Latin-1
  CHECK(io::printable("\x9b"
                      "2J") == "\\x9b2J");  // CSI of 8-bit terminals
  CHECK(io::printable("\xc3") == "\\xc3");  // cut short
  CHECK(io::printable("\xe8\x84"
                      "a") ==
        "\\xe8\\x84"
        "a");  // cut short, before a letter
  CHECK(io::printable("\xc0\x9b"
                      "a") ==
        "\\xc0\\x9b"
        "a");                                                 // longer than needed
  CHECK(io::printable("\xe0\x80\x9b") == "\\xe0\\x80\\x9b");  // the same in three bytes
  CHECK(io::printable("\xed\xa0\x80\xf4\x90\x80\x80") ==
        "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");  // surrogate, too large
}
