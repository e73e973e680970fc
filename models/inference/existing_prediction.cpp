#include "models/inference/existing_prediction.h"

#include <string_view>
#include <tuple>

#include "engine/error.h"
#include "io/files/input_file.h"

namespace revunet {

namespace {

namespace fs = std::filesystem;

constexpr const char* kRemedy =
    "is it another dataset's? Choose another `out`, or move the file away and it is predicted again";
// Every PNG ends with these twelve bytes: a chunk IEND without content, and its checksum.
constexpr std::string_view kEndOfPng("\0\0\0\0IEND\xae\x42\x60\x82", 12);

io::Grid grid_of(const io::CaseFiles& c) {
  for (const io::ImageFrame& image : c.modalities) {
    if (!image.path.empty()) return io::read_nifti_header(image.path).grid;
  }
  throw Error(fmt::format("[{}] expected files of modalities, got none; use find_cases", c.name));
}

bool is_there(const fs::path& path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  REVUNET_EXPECTS(!error, DataError, "[{}] expected a folder that can be read, got: {}; check its permissions",
                  path.string(), error.message());
  return there;
}

// Calls use(image) with the file's image. A file that cannot be read is damage, and what use throws is not.
template <class Use>
std::string damage_of(const fs::path& path, Use use) {
  io::NiftiImage image;
  try {
    image = io::read_nifti(path);
  } catch (const DataError& e) {
    return e.what();
  }
  use(std::move(image));
  return {};
}

void expect_grid(const io::Grid& found, const io::Grid& expected, const fs::path& path) {
  REVUNET_EXPECTS(io::same_grid(expected, found), DataError,
                  "[{}] expected a prediction on the grid of the case's images, {} voxels, got {} voxels{}; {}",
                  path.string(), fmt::join(expected.size, " x "), fmt::join(found.size, " x "),
                  expected.size == found.size ? " with another affine" : "", kRemedy);
}

std::string damage_of_png(const fs::path& path) {
  if (io::read_whole_file(path).ends_with(kEndOfPng)) return {};
  return fmt::format("[{}] expected a whole PNG, got a file that was cut", path.string());
}

}  // namespace

Existing existing_prediction(const io::CaseFiles& c, const PredictionFiles& files) {
  const bool labels = is_there(files.labels), probabilities = files.probabilities && is_there(*files.probabilities),
             overlay = files.overlay && is_there(*files.overlay);
  if (!labels && !probabilities && !overlay) return {Existing::State::none, {}};
  const io::Grid grid = grid_of(c);
  std::vector<std::string> damages;
  if (labels) {
    damages.push_back(damage_of(files.labels, [&](io::NiftiImage image) {
      expect_grid(image.grid, grid, files.labels);
      io::labels_of_values(io::labels_of_image(std::move(image), files.labels).labels, c.labels, files.labels);
    }));
  }
  if (probabilities) {
    damages.push_back(damage_of(*files.probabilities, [&](const io::NiftiImage& image) {
      expect_grid(image.grid, grid, *files.probabilities);
      REVUNET_EXPECTS(image.frames == c.task()->output_count(), DataError,
                      "[{}] expected {} frames of probabilities, got {}; {}", files.probabilities->string(),
                      c.task()->output_count(), image.frames, kRemedy);
    }));
  }
  if (overlay) damages.push_back(damage_of_png(*files.overlay));
  for (const std::string& damage : damages) {
    if (!damage.empty()) return {Existing::State::damaged, damage};
  }
  if (!labels) return {Existing::State::none, {}};  // they are written last
  // The labels may be another network's, or corrected by hand. To predict the case again would replace them.
  for (const auto& [asked, found, option] :
       {std::tuple{files.probabilities, probabilities, "probabilities"}, {files.overlay, overlay, "overlay"}}) {
    REVUNET_EXPECTS(!asked || found, DataError,
                    "[{}] expected {} next to it, as `{}` asks for, got none; leave `{}` out, choose another `out`, or "
                    "move the prediction away and it is made again",
                    files.labels.string(), asked->filename().string(), option, option);
  }
  return {Existing::State::whole, {}};
}

}  // namespace revunet
