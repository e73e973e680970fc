// Tests that atomic files are whole or absent, whatever fails.
#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "engine/error.h"
#include "io/files/folders.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

namespace {

int64_t files_in(const TemporaryFolder& folder) {
  return std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("an atomic file appears at commit, whole, and alone") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", "old");
  {
    io::AtomicFile file(folder / "a");
    file.write("new ");
    file.write(std::string(1 << 20, 'x'));
    CHECK(read_bytes(folder / "a") == "old");
    file.commit();
    CHECK(read_bytes(folder / "a") == "new " + std::string(1 << 20, 'x'));
    CHECK_THROWS_AS(file.write("late"), Error);
    CHECK_THROWS_AS(file.commit(), Error);
  }
  CHECK(files_in(folder) == 1);
  io::write_file_atomically(folder / "a", "");
  CHECK(read_bytes(folder / "a").empty());
}

TEST_CASE("a file replaces what a link leads to, and never a device or a pipe") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "elsewhere");
  write_bytes(folder / "elsewhere/a", "old");
  std::filesystem::create_symlink("elsewhere/a", folder / "link");
  io::write_file_atomically(folder / "link", "new");
  CHECK(read_bytes(folder / "elsewhere/a") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/dev/null", folder / "null");
  for (const char* name : {"pipe", "null"}) {
    CHECK_THAT(message_of<DataError>([&] { io::write_file_atomically(folder / name, "x"); }),
               ContainsSubstring(name) && ContainsSubstring("got a device, pipe or open file"));
  }
  // /dev/stdout leads to this where it is redirected to a file.
  const int open_file = ::open((folder / "elsewhere/a").c_str(), O_RDONLY);
  REQUIRE(open_file >= 0);
  std::filesystem::create_symlink(fmt::format("/proc/self/fd/{}", open_file), folder / "stdout");
  CHECK_THROWS_AS(io::write_file_atomically(folder / "stdout", "x"), DataError);
  CHECK(read_bytes(folder / "elsewhere/a") == "new");
  ::close(open_file);
  CHECK(std::filesystem::is_fifo(folder / "pipe"));
}

TEST_CASE("an atomic file that is not committed leaves no trace") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", "old");
  {
    io::AtomicFile file(folder / "a"), other(folder / "a");
    file.write("half");
    other.write("half of another");
    CHECK(files_in(folder) == 3);
  }
  CHECK(read_bytes(folder / "a") == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("an atomic file that cannot be made says why") {
  const TemporaryFolder folder;
  CHECK_THAT(message_of<DataError>([&] { io::write_file_atomically(folder / "none/a", "x"); }),
             ContainsSubstring("none/a") && ContainsSubstring("No such file"));
  CHECK_THAT(message_of<DataError>([&] { io::write_file_atomically(folder.path() / "", "x"); }),
             ContainsSubstring("got a folder"));
  std::filesystem::create_directory(folder / "taken");
  CHECK_THAT(message_of<DataError>([&] { io::write_file_atomically(folder / "taken", "x"); }),
             ContainsSubstring("directory"));
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a file to write later needs a folder, and must not be a device") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(io::expect_output_folder(""));  // not asked for
  CHECK_NOTHROW(io::expect_output_folder(folder / "a"));
  CHECK_THAT(message_of<DataError>([&] { io::expect_output_folder(folder / "none/a"); }),
             ContainsSubstring("none/a] expected a folder to write into") && ContainsSubstring("make it first"));
  CHECK_THAT(message_of<DataError>([&] { io::expect_output_folder("/dev/null"); }),
             ContainsSubstring("got a device, pipe or open file"));
  CHECK(files_in(folder) == 0);
}

TEST_CASE("an atomic file that does not fit leaves the old one") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", "old");
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);  // the write must fail with EFBIG instead
  rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    io::write_file_atomically(folder / "a", std::string(8192, 'x'));
  } catch (const DataError& e) {
    message = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  CHECK_THAT(message, ContainsSubstring("expected to write") && ContainsSubstring("File too large"));
  CHECK(read_bytes(folder / "a") == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("folders are made where the system looks for them, whatever the path's form") {
  const TemporaryFolder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder / "else/deep");
  fs::create_directory_symlink(folder / "else/deep", folder / "link");
  io::make_folder(folder / "link/../made/below/");  // next to deep, not next to link
  CHECK(fs::is_directory(folder / "else/made/below"));
  CHECK_FALSE(fs::exists(folder / "made"));
  io::make_folder(folder / "absent/../there");
  CHECK(fs::is_directory(folder / "there"));
  CHECK_NOTHROW(io::make_folder(folder / "there"));
  CHECK_THROWS_AS(io::make_folder(""), DataError);
}

TEST_CASE("a file that is published grows under its name, and stays if its writer ends") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "a";
  write_bytes(path, "old");
  {
    io::AtomicFile file(path);
    file.write("one ");
    CHECK(read_bytes(path) == "old");
    file.publish();
    CHECK(read_bytes(path) == "one ");
    file.write("two ");
    file.publish();
    CHECK(read_bytes(path) == "one two ");
    file.write("lost");
  }
  CHECK(read_bytes(path) == "one two ");
  io::AtomicFile file(path);
  file.write("new ");
  file.publish();
  file.write("end");
  file.commit();
  CHECK(read_bytes(path) == "new end");
  CHECK(files_in(folder) == 1);
}
