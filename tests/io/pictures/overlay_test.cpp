// Tests what overlays show of a prediction next to a reference: pixels against what compositing gives.

#include "io/pictures/overlay.h"
#include "tests/support/catch.h"
#include "tests/support/picture.h"

using namespace revunet;
using namespace revunet::test;

namespace {

constexpr int64_t side = 60;
constexpr int width = 584;  // 14 at the edges and 8 between three panels of 180: three pixels per voxel

// The volumes are 60 x 60 x 60 voxels, x fastest. What is drawn over FLAIR lies on black, and over T1ce on white.
struct Scene {
  std::vector<float> flair = std::vector<float>(side * side * side, 1.0f), t1ce = flair;
  std::vector<uint8_t> prediction = std::vector<uint8_t>(side * side * side), reference = prediction;

  Scene() {
    for (size_t i = 0; i < flair.size(); ++i) {
      const bool corner = i % side < 3;  // 5 % of the voxels
      flair[i] = corner ? 3.0f : 1.0f;
      t1ce[i] = corner ? 1.0f : 3.0f;
    }
    mark(prediction, 10, 30);
    mark(reference, 20, 50);
  }
  static void mark(std::vector<uint8_t>& labels, int64_t low_x, int64_t high_x) {
    for (int64_t z = 10; z < 50; ++z)
      for (int64_t y = 10; y < 50; ++y)
        for (int64_t x = low_x; x < high_x; ++x) labels[static_cast<size_t>(x + side * (y + side * z))] = 4;
  }

  io::OverlayCase overlay(bool with_reference) const {
    io::OverlayCase c{.task = io::brats_task(),
                      .title = "t",
                      .grid = {},
                      .numbers = {},
                      .images = {},
                      .prediction = {},
                      .reference = {}};
    const io::Size3 size = {side, side, side};
    c.grid.size = size;
    c.grid.spacing = {1, 1, 1};
    c.grid.affine.setIdentity();
    c.grid.oriented = false;  // lies as BraTS's
    c.numbers.size = size;
    c.images.resize(io::brats_task()->modalities().size());
    c.images[io::kT1ce] = io::in_file_order(std::span(t1ce), size);
    c.images[io::kFlair] = io::in_file_order(std::span(flair), size);
    c.prediction = io::in_file_order(std::span(prediction), size);
    if (with_reference) c.reference = io::in_file_order(std::span(reference), size);
    return c;
  }
};

// Returns the middle of voxel (x, y) of the axial panel in a row of panels.
Rgb voxel(const Picture& picture, int row, int x, int y) {
  return picture.at(14 + 3 * x + 1, 52 + 200 * row + 20 + 3 * y + 1);
}

void expect_colour(const Rgb& got, double red, double green, double blue) {
  CHECK(std::abs(got.red - red) <= 2);
  CHECK(std::abs(got.green - green) <= 2);
  CHECK(std::abs(got.blue - blue) <= 2);
}

struct RowOfRegion {
  int row;
  Rgb colour;    // of the region
  double below;  // the image's grey
};
// WT is drawn over FLAIR, TC and ET over T1ce.
constexpr RowOfRegion kRowsOfRegions[] = {
    {0, {0x2f, 0xd3, 0xa0}, 0}, {1, {0x56, 0xb4, 0xff}, 255}, {2, {0xff, 0x7f, 0x2a}, 255}};

void expect_filled(const Rgb& got, const RowOfRegion& r) {
  constexpr double opacity = 0.28;
  const auto over = [&](int colour) { return opacity * colour + (1 - opacity) * r.below; };
  expect_colour(got, over(r.colour.red), over(r.colour.green), over(r.colour.blue));
}

}  // namespace

TEST_CASE("an overlay fills what prediction and reference share, and leaves their differences in outlines", "[view]") {
  const Scene scene;
  const Picture picture(io::overlay_png(scene.overlay(true), width, false));
  CHECK(picture.height() == 52 + 3 * 200 + 30);
  for (const RowOfRegion& r : kRowsOfRegions) {
    INFO(r.row);
    expect_filled(voxel(picture, r.row, 25, 30), r);                          // in both
    expect_colour(voxel(picture, r.row, 15, 30), r.below, r.below, r.below);  // predicted alone
    expect_colour(voxel(picture, r.row, 40, 30), r.below, r.below, r.below);  // in the reference alone
    expect_colour(voxel(picture, r.row, 55, 30), r.below, r.below, r.below);  // in neither
    // The prediction's outline, between voxels 9 and 10, has the region's colour. It is thin: two pixels on, the image
    // shows.
    const int edge = 14 + 3 * 10, y = 72 + 200 * r.row + 91;
    const Rgb left = picture.at(edge - 1, y), right = picture.at(edge, y);
    for (const Rgb& p : {left, right}) {
      CHECK(std::abs((p.red - p.blue) - (r.colour.red - r.colour.blue)) < 130);
      CHECK(std::abs(p.red - p.green) + std::abs(p.green - p.blue) > 40);
    }
    expect_colour(picture.at(edge + 2, y), r.below, r.below, r.below);
    expect_colour(picture.at(edge - 3, y), r.below, r.below, r.below);
  }
}

TEST_CASE("an overlay without a reference fills the prediction", "[view]") {
  const Scene scene;
  const Picture picture(io::overlay_png(scene.overlay(false), width, false));
  for (const RowOfRegion& r : kRowsOfRegions) {
    expect_filled(voxel(picture, r.row, 15, 30), r);
    expect_colour(voxel(picture, r.row, 40, 30), r.below, r.below, r.below);
  }
}

TEST_CASE("an overlay of a case that is much longer than wide is drawn all the same", "[view]") {
  const io::Size3 size = {8, 8, 1024};
  const std::vector<float> image(8 * 8 * 1024, 1.0f);
  const std::vector<uint8_t> labels(image.size(), 4);
  io::OverlayCase c = Scene().overlay(false);
  c.grid.size = c.numbers.size = size;
  std::ranges::fill(c.images, io::in_file_order(std::span(image), size));
  c.prediction = io::in_file_order(std::span(labels), size);
  for (const bool plain : {false, true}) CHECK(io::overlay_png(c, width, plain).starts_with("\x89PNG"));
}

TEST_CASE("slices have the numbers of the case's files", "[view]") {
  // x and y of BraTS's order run along the file's y, backwards, and x.
  io::SliceNumbers numbers{.orientation = {.axis = {1, 0, 2}, .backwards = {true, false, false}},
                           .size = {240, 200, 155}};
  CHECK(numbers.of_slice(0, 0) == "y = 239");
  CHECK(numbers.of_slice(0, 30) == "y = 209");
  CHECK(numbers.of_slice(1, 30) == "x = 30");
  CHECK(numbers.of_slice(2, 77) == "z = 77");
  numbers.first = {40, -3, 10};  // it is a box of the file, padded along y
  CHECK(numbers.of_slice(0, 30) == "y = 169");
  CHECK(numbers.of_slice(1, 30) == "x = 27");
  CHECK(numbers.of_slice(2, 67) == "z = 77");
}

TEST_CASE("an overlay has a row for each region of its task, and plain ones for the modalities that show them",
          "[view]") {
  std::vector<io::Task::Label> labels = {{0, "background"}};
  std::vector<io::Task::Region> regions;
  for (uint8_t i = 1; i <= io::kMostRegions; ++i) {
    labels.push_back({i, "label " + std::to_string(i)});
    regions.push_back({"region " + std::to_string(i), {i}, i, "", size_t{i} % 2});
  }
  const Scene scene;
  io::OverlayCase c = scene.overlay(true);
  const auto height = [&](const io::TaskPointer& task, bool plain) {
    c.task = task;
    return Picture(io::overlay_png(c, width, plain)).height();
  };
  const auto one = std::make_shared<const io::Task>("one", std::vector<std::string>{"MRI"},
                                                    std::vector<io::Task::Label>{{0, "background"}, {4, "all"}},
                                                    std::vector<io::Task::Region>{{"all", {4}, 4}});
  const auto most = std::make_shared<const io::Task>("most", std::vector<std::string>{"a", "b"}, labels, regions);
  // A row with its caption has 200 pixels; 82 are for the title and the legend.
  const auto image = c.images[io::kFlair];
  c.images.assign(2, image);
  CHECK(height(one, false) == 82 + 200);
  CHECK(height(one, true) == 82 + 2 * 200);
  CHECK(height(most, false) == 82 + 32 * 200);
  CHECK(height(most, true) == 82 + 34 * 200);
}
