// Tests files that are cut or changed anywhere: whatever they hold, a reader reads them or throws DataError.
#include "engine/error.h"
#include "io/dataset/layouts/dataset_json.h"
#include "io/files/safetensors.h"
#include "io/nifti/nifti.h"
#include "tests/io/damage.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("NIfTI images that are damaged anywhere", "[damage]") {
  const TemporaryFolder folder;
  const auto path = folder / "a.nii";
  NiftiBytes image = ramp_image(GENERATE(false, true));
  image.srow({-1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7});
  image.qform(0, 0, 1, 5, 6, 7);
  expect_only_data_errors(path, image.bytes(), [&] { io::read_nifti(path); });
  expect_only_data_errors(path, image.bytes(), [&] { io::read_whole_nifti_header(path); });
  expect_only_data_errors(path, gzip(image.bytes()), [&] { io::read_nifti(path); });
  expect_only_data_errors(path, gzip(image.bytes()), [&] { io::read_whole_nifti_header(path); });
  image.datatype(2, 8);
  image.fill(std::vector<uint8_t>(24, 1));
  expect_only_data_errors(path, image.bytes(), [&] { io::read_nifti_labels(path); });
}

TEST_CASE("safetensors files that are damaged anywhere", "[damage]") {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  io::SafetensorsFile file;
  file.metadata = {{"format", "revunet-1"}, {"size", "32,32,32"}};
  file.add("first", io::HostTensor::from_f32({2, 3}, std::vector<float>(6, 1.0f)));
  file.add("second", io::HostTensor::from_f64({1}, std::vector<double>{2}));
  io::write_safetensors(path, file);
  expect_only_data_errors(path, read_bytes(path), [&] { io::read_safetensors(path); });
}

TEST_CASE("dataset.json that is damaged anywhere", "[damage]") {
  const TemporaryFolder folder;
  const std::string text = R"({"channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"}, "numTraining": 3,
    "labels": {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": 3}, "file_ending": ".nii.gz"})";
  expect_only_data_errors(folder / "dataset.json", text, [&] { io::read_dataset_json(folder.path(), {}); });
}
