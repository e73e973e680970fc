// Tests event files for TensorBoard: bytes against RFC 3720 and TensorBoard's own writer, files against its own reader.
#include "io/files/event_file.h"

#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/support/tensorboard_reader.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

TEST_CASE("CRC-32C is that of RFC 3720, appendix B.4", "[report]") {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(io::crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(io::crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(io::crc32c(rising) == 0x46dd794e);
  CHECK(io::crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113fdb5c);
}

// The expected bytes were written by tensorboard.summary.writer.record_writer.RecordWriter (2.21) from Event messages
// of the same fields.
TEST_CASE("events have the bytes that TensorBoard's own writer gives them", "[report]") {
  CHECK(hex(io::tfrecord_of(io::version_event(1234567890.25))) ==
        "1800000000000000a37f4b2209000090b48065d2411a0d627261696e2e4576656e743a32ed00f201");
  CHECK(hex(io::tfrecord_of(io::restart_event(2.0, 301))) ==
        "100000000000000095fbfe1809000000000000004010ad023a0208013264e72b");
  CHECK(hex(io::tfrecord_of(io::scalar_event(1.0, 3, "a", 0.5f))) ==
        "1700000000000000e7cef81e09000000000000f03f10032a0a0a080a0161150000003fa4692d17");
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\x01\x2c\x08\x02\0\0\0", 29);  // 3 x 300
  CHECK(hex(io::tfrecord_of(io::image_event(2.0, 301, "p/b", png))) ==
        "3d000000000000006049f1ec09000000000000004010ad022a2f0a2d0a03702f62222608ac0210031803221d89504e470d0a1a0a000000"
        "0d49484452000000030000012c0802000000c1ec9e13");
}

TEST_CASE("event files of a run that goes on come after those before them, and take their place", "[report]") {
  const TemporaryFolder folder;
  const auto write = [&](int64_t first, int64_t last, double value) {
    io::EventFile file(folder.path(), first);
    for (int64_t step = first; step <= last; ++step) file.add_scalar(step, "loss", value);
    file.flush();
  };
  write(1, 5, 1);
  write(4, 6, 2);  // the run before died after step 5, its checkpoint is of step 3
  write(7, 8, 3);
  const std::vector<std::string> names = event_files(folder.path());
  REQUIRE(names.size() == 3);  // three names within a second or two
  for (const std::string& name : names) CHECK_THAT(name, ContainsSubstring("tfevents"));
  std::ofstream(folder / names[1], std::ios::app) << "torn";  // as a crash may leave it
  const auto read = read_by_tensorboard(folder.path());
  if (!read) return;
  CHECK(read->at("loss") == "1=1.000000 2=1.000000 3=1.000000 4=2.000000 5=2.000000 6=2.000000 7=3.000000 8=3.000000");
}
