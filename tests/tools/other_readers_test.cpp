// Tests that others can read our images and weights: nibabel and the safetensors package.
#include <zlib.h>

#include <cmath>

#include "io/nifti/nifti.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
namespace fs = std::filesystem;

namespace {

// Prints a line per image: type in the file, shape, affine, CRC-32 of its values as float32, x fastest.
constexpr const char* kImages = R"python(
import sys, zlib, numpy, nibabel
for path in sys.argv[1:]:
    image = nibabel.load(path)
    values = numpy.asarray(image.dataobj).astype("<f4")
    affine = ["%.4f" % (v + 0.0) for v in image.affine[:3].ravel()]
    print(image.get_data_dtype(), *image.shape, *affine, zlib.crc32(values.tobytes(order="F")))
)python";

// Prints a line per tensor, by name: type, shape, CRC-32. Then writes all of them again.
constexpr const char* kTensors = R"python(
import sys, zlib
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
tensors = load_file(sys.argv[1])
for name in sorted(tensors):
    print(name, tensors[name].dtype, *tensors[name].shape, zlib.crc32(tensors[name].tobytes()))
with safe_open(sys.argv[1], "numpy") as file:
    save_file(tensors, sys.argv[2], file.metadata())
)python";

uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// Returns the line that kImages prints.
std::string line_of(const fs::path& path, const std::string& type) {
  const io::NiftiImage image = io::read_nifti(path);
  std::string line = fmt::format("{} {}", type, fmt::join(image.grid.size, " "));
  if (image.frames > 1) line += fmt::format(" {}", image.frames);
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 4; ++column) line += fmt::format(" {:.4f}", image.grid.affine(row, column) + 0.0);
  }
  return line + fmt::format(" {}\n", crc_of(std::as_bytes(std::span(image.voxels))));
}

std::string quoted(const std::vector<fs::path>& paths) {
  std::string words;
  for (const fs::path& path : paths) words += "'" + path.string() + "' ";
  return words;
}

}  // namespace

TEST_CASE("nibabel reads predictions as they are meant, on the grid of their case", "[predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), out = folder / "out";
  REQUIRE(predict(write_untrained(folder / "w.safetensors"), data, out, "--probabilities").exit_code == 0);
  const fs::path flair = data / "Phantom_001/Phantom_001_flair.nii.gz", labels = out / "Phantom_001.nii.gz",
                 floats = out / "Phantom_001_probabilities.nii.gz";
  const auto read = run_python("nibabel", kImages, quoted({flair, labels, floats}));
  if (!read) return;
  CHECK(*read == line_of(flair, "int16") + line_of(labels, "uint8") + line_of(floats, "float32"));
}

TEST_CASE("affines and scaled values are those that nibabel reads", "[data]") {
  const TemporaryFolder folder;
  std::vector<fs::path> paths;
  std::string expected;
  for (const bool version_2 : {false, true}) {
    for (const bool big_endian : {false, true}) {
      NiftiBytes image(version_2, big_endian);
      image.fill(std::vector<int16_t>{-3, 0,  1,  2,  300, 5,  6,  7,  8,  9,  10, 11,
                                      12, 13, 14, 15, 16,  17, 18, 19, 20, 21, 22, 23});
      const auto add = [&](const std::string& name) {
        paths.push_back(write_bytes(folder / fmt::format("{}{}{}.nii", name, version_2, big_endian), image.bytes()));
        expected += line_of(paths.back(), big_endian ? ">i2" : "int16");
      };
      image.pixdim(0, -1);  // a left-handed qform
      image.pixdim(1, 0.9);
      image.pixdim(2, 1.1);
      image.pixdim(3, 2.5);
      image.qform(0.1, 0.2, 0.3, -11.5, 22.25, -33);
      add("qform");
      image.pixdim(1, std::hypot(0.9, 0.1));  // the lengths of the sform's columns
      image.pixdim(2, std::hypot(0.1, 1.1, 0.2));
      image.pixdim(3, std::hypot(0.2, 2.5));
      image.srow({0.9, 0.1, 0, -80, -0.1, 1.1, 0.2, 60, 0, -0.2, 2.5, -40});
      add("both");
      image.field<float, double>(112, 176, 0.5);  // scl_slope
      image.field<float, double>(116, 184, -3);   // scl_inter
      add("scaled");
    }
  }
  const auto read = run_python("nibabel", kImages, quoted(paths));
  if (read) CHECK(*read == expected);
}

TEST_CASE("the safetensors package reads weights and checkpoints, and what it writes is read", "[train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), run = folder / "run";
  REQUIRE(train(data, run, "--channels 4,8 --size 16,16,16 --val-fraction 0 --epochs 1 --ema 0.9").exit_code == 0);
  for (const char* name : {"best.safetensors", "checkpoint.safetensors"}) {
    INFO(name);
    const io::SafetensorsFile own = io::read_safetensors(run / name);
    std::map<std::string, std::string> lines;
    for (const auto& [tensor_name, tensor] : own.entries()) {
      std::string line = tensor_name + " float32";
      for (const int64_t extent : tensor.shape()) line += fmt::format(" {}", extent);
      lines[tensor_name] = line + fmt::format(" {}\n", crc_of(tensor.bytes()));
    }
    std::string expected;
    for (const auto& [_, line] : lines) expected += line;
    const fs::path again = folder / "again.safetensors";
    const auto read = run_python("safetensors", kTensors, quoted({run / name, again}));
    if (!read) return;
    CHECK(*read == expected);
    const io::SafetensorsFile returned = io::read_safetensors(again);
    CHECK(returned.metadata == own.metadata);
    REQUIRE(returned.entries().size() == own.entries().size());
    for (const auto& [tensor_name, tensor] : own.entries()) {
      CHECK(std::ranges::equal(returned.at(tensor_name).bytes(), tensor.bytes()));
    }
  }
}
