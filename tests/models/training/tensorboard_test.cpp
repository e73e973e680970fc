// Tests what a run's observer writes for TensorBoard.
#include "models/training/report/tensorboard.h"

#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

TEST_CASE("pictures of a validation that is interrupted are in the event file, each once", "[report]") {
  const TemporaryFolder folder;
  const RunFolder run = RunFolder::make(folder / "run");
  const auto picture = std::make_shared<Picture>();
  TensorBoard board(run, io::brats_task(), picture);
  board.on_start(0);
  board.on_step(6, {1, 1, 1});
  const io::Preprocessed input;
  const RegionValues dice{};
  // This is the head of a PNG of 1 x 1 pixels, as far as an event reads it.
  const std::string png = std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", 24);
  *picture = {"drawn", png};
  board.on_validation_case({1, 0, &input, {}, dice});
  board.on_validation_case({1, 1, &input, {}, dice});  // this case has no picture
  REQUIRE(std::distance(fs::directory_iterator(run.file("tensorboard")), fs::directory_iterator()) == 1);
  const std::string events = read_bytes(fs::directory_iterator(run.file("tensorboard"))->path());
  const size_t first = events.find("predictions/drawn");
  REQUIRE(first != std::string::npos);
  CHECK(events.find("predictions/", first + 1) == std::string::npos);
  // Six bytes of keys and lengths stand before the tag, and before them the step: field 2 of Event.
  CHECK(events.substr(first - 8, 2) == "\x10\x06");
}
