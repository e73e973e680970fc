// Damages files, to see how a reader handles them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/error.h"
#include "tests/io/test_files.h"

namespace revunet::test {

inline void cut_in_two(const std::filesystem::path& file) {
  const std::string bytes = read_bytes(file);
  write_bytes(file, bytes.substr(0, bytes.size() / 2));
}

// Calls read for the bytes in a file at `path`: cut, and with each byte changed, at most some 200 places of either. A
// sound file must be read, and for the others only DataError may be thrown.
template <class Read>
void expect_only_data_errors(const std::filesystem::path& path, const std::string& bytes, Read read) {
  write_bytes(path, bytes);
  CHECK_NOTHROW(read());
  const auto try_with = [&](const std::string& damaged, const char* how, size_t place) {
    write_bytes(path, damaged);
    try {
      read();
    } catch (const DataError& e) {
      if (std::string_view(e.what()).find(path.filename().string()) == std::string_view::npos) {
        FAIL(how << " at byte " << place << ": expected the file's name, got: " << e.what());
      }
    } catch (const std::exception& e) {
      FAIL(how << " at byte " << place << ": expected a DataError, got: " << e.what());
    }
  };
  const size_t step = 1 + bytes.size() / 200;
  for (size_t place = 0; place < bytes.size(); place += step) try_with(bytes.substr(0, place), "cut", place);
  constexpr std::array<char, 6> others = {'\0', '\xff', '[', '"', '9', '-'};
  size_t turn = 0;
  for (size_t place = 0; place < bytes.size(); place += step) {
    std::string changed = bytes;
    changed[place] = others[turn++ % others.size()];
    try_with(changed, "changed", place);
  }
}

}  // namespace revunet::test
