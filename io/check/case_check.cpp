#include "io/check/case_check.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "io/check/voxel_summary.h"
#include "io/nifti/size_text.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

constexpr double spacing_tolerance = 1e-3;  // mm: rounded headers of 1 mm images are not worth a warning
// These are shares of an image's voxels. In BraTS about 80 % of them lie around a brain, and half of those in its own
// box.
constexpr double least_background_share = 0.1, least_zero_share = 0.01;

// Returns whether what lies around the body is a value other than 0, or many values.
bool has_background(const VoxelSummary& seen) {
  const bool frequent = seen.frequent_share >= least_background_share;
  return frequent ? seen.frequent != 0 && seen.frequent_share > seen.zero_share : seen.zero_share < least_zero_share;
}

NonzeroBox united(NonzeroBox a, const NonzeroBox& b) {
  for (size_t axis = 0; axis < 3; ++axis) {
    a.low[axis] = std::min(a.low[axis], b.low[axis]);
    a.high[axis] = std::max(a.high[axis], b.high[axis]);
  }
  return a;
}

Size3 oriented(const NonzeroBox& box, const Grid& grid) {
  const Orientation orientation = orientation_of(grid);
  Size3 size{};
  for (size_t i = 0; i < 3; ++i) size[i] = box.high[orientation.axis[i]] - box.low[orientation.axis[i]];
  return size;
}

class CaseChecker {
 public:
  CaseChecker(const CaseFiles& files, CheckLevel level, bool wants_sums)
      : files_(files), level_(level), wants_sums_(wants_sums), result_(files.labels) {
    result_.checked.name = files.name;
    result_.checked.task = files.task();
    result_.checked.labels = files.labels.name();
    result_.checked.segmented = files.segmentation.has_value();
    result_.segmentation = files.segmentation.value_or(fs::path());
  }

  CaseCheck run() {
    for (const ImageFrame& image : files_.modalities) {
      if (result_.folder.empty()) result_.folder = image.path.parent_path();
    }
    read_headers();
    std::set<fs::path> done;
    for (const ImageFrame& image : files_.modalities) {
      if (!image.path.empty() && done.insert(image.path).second) check_image(image);
    }
    if (files_.segmentation) check_segmentation(*files_.segmentation);
    if (result_.checked.grid && nonzero_) result_.checked.nonzero = oriented(*nonzero_, *result_.checked.grid);
    warn_of_background();
    if (result_.checked.grid) warn_of_geometry(*result_.checked.grid);
    return std::move(result_);
  }

 private:
  void add(FindingKind kind, const std::string& message) { result_.checked.findings.push_back({kind, message}); }

  // Headers are read before any voxel. An image of another shape than all others is read no further, because a damaged
  // header may ask for any amount of memory.
  void read_headers() {
    const std::vector<CaseFile> files = files_of(files_);
    std::map<std::array<int64_t, 3>, std::vector<fs::path>> of_shape;
    for (const CaseFile& file : files) {
      try {
        of_shape[read_nifti_header(file.path).grid.size].push_back(file.path);
      } catch (const DataError&) {  // read() reports it
      }
    }
    for (const auto& [shape, paths] : of_shape) {
      if (paths.size() == 1 && of_shape.size() > 1) alone_.insert(paths[0]);
    }
  }

  // Reads no voxels for a check of headers, for an image with other frames, and for one of a shape that no other has.
  std::optional<NiftiImage> read(const fs::path& path, int64_t frames) {
    try {
      const bool wants_voxels =
          level_ == CheckLevel::full && !alone_.contains(path) && read_nifti_header(path).frames == frames;
      NiftiImage image = wants_voxels ? read_voxels(path) : read_whole_nifti_header(path);
      ++result_.checked.readable_files;
      compare_grid(image.grid, path);
      compare_qform(image, path);
      add_tolerated(std::exchange(image.tolerated, {}));
      return image;
    } catch (const DataError& e) {
      add(FindingKind::unreadable, e.what());
      return std::nullopt;
    }
  }

  NiftiImage read_voxels(const fs::path& path) {
    if (!wants_sums_) return read_nifti(path, NonFinite::is_allowed);
    Sha256 sum;
    NiftiImage image = read_nifti(path, NonFinite::is_allowed, &sum);
    result_.sums[path] = sum.finish();
    return image;
  }

  void add_tolerated(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) add(FindingKind::tolerated, message);
  }

  void compare_grid(const Grid& grid, const fs::path& path) {
    if (!result_.checked.grid) {
      result_.checked.grid = grid;
      first_ = path;
    }
    const Grid& first = *result_.checked.grid;
    if (grid.size != first.size) {
      add(FindingKind::shape,
          fmt::format("[{}] expected {} voxels as {}, got {}; resample it to one grid", path.string(),
                      size_text(first.size), first_.filename().string(), size_text(grid.size)));
    } else if (!same_grid(first, grid)) {
      add(FindingKind::affine,
          fmt::format("[{}] expected the affine of {}, got one that moves a corner by {:.4g} voxels; resample it, or "
                      "fix the header",
                      path.string(), first_.filename().string(), corner_displacement(first, grid)));
    }
  }

  // Compares once per case, because its files mostly have one header.
  void compare_qform(const NiftiImage& image, const fs::path& path) {
    const std::optional<Grid> other = grid_by_qform(image);
    if (contradicted_ || !other || same_grid(image.grid, *other)) return;
    contradicted_ = true;
    add(FindingKind::qform,
        fmt::format("[{}] expected qform and sform to agree, got {} in the qform, {} in the sform and {:.4g} voxels "
                    "between their corners: the sform is used; check that left is left",
                    path.string(), orientation_code(*other), orientation_code(image.grid),
                    corner_displacement(image.grid, *other)));
  }

  void expect_frames(const NiftiImage& image, int64_t frames, const fs::path& path) {
    if (image.frames == frames) return;
    add(FindingKind::shape, fmt::format("[{}] expected {} frame{}, got {}; check that it is the right image",
                                        path.string(), frames, frames == 1 ? "" : "s", image.frames));
  }

  void check_image(const ImageFrame& wanted) {
    std::optional<NiftiImage> image = read(wanted.path, wanted.frames);
    if (!image) return;
    expect_frames(*image, wanted.frames, wanted.path);
    if (image->frames != wanted.frames || image->voxels.empty()) return;
    const size_t count = image->voxels.size() / static_cast<size_t>(image->frames);
    for (size_t m = 0; m < files_.modalities.size(); ++m) {
      const ImageFrame& own = files_.modalities[m];
      if (own.path != wanted.path) continue;
      check_voxels(std::span(image->voxels).subspan(static_cast<size_t>(own.frame) * count, count), image->grid, m);
    }
  }

  // Reports a background that cannot be subtracted, and then returns false.
  bool subtract_background(std::span<float> voxels, const Grid& grid, const fs::path& path) {
    try {
      io::subtract_background(voxels, grid.size, files_.background, path.string());
      return true;
    } catch (const DataError& e) {
      add(FindingKind::unreadable, e.what());
      return false;
    }
  }

  void check_voxels(std::span<float> voxels, const Grid& grid, size_t modality) {
    const std::string name = files_.task()->modalities()[modality], path = files_.modalities[modality].path.string();
    const std::string where = fmt::format("[{}] expected {}", path, name);
    if (!subtract_background(voxels, grid, path)) return;
    const VoxelSummary seen = summary_of(voxels, grid.size);
    if (seen.non_finite > 0) {
      add(FindingKind::non_finite, fmt::format("{} with finite voxels, got {} NaN or infinite of {}; replace them",
                                               where, seen.non_finite, voxels.size()));
    }
    using Kind = Normalisation::Kind;
    const Kind kind = files_.task()->normalisations()[modality].kind;
    if (kind == Kind::none || kind == Kind::ct) {
      // Such a channel may be the same everywhere.
    } else if (seen.first == 0) {
      add(FindingKind::empty, fmt::format("{} with voxels other than 0, got zero {}; make it again", where,
                                          seen.non_finite > 0 ? "in all others" : "everywhere"));
    } else if (!seen.varies && (kind == Kind::nonzero || seen.zero_share == 0)) {
      add(FindingKind::constant,
          fmt::format("{} with voxels that differ, got {} wherever it is not zero; make it again", where, seen.first));
    }
    if (!seen.varies) return;
    add_fingerprint(modality, voxels, grid);
    if (grid.size == result_.checked.grid->size) {
      nonzero_ = nonzero_ ? united(*nonzero_, seen.box) : seen.box;
    }
    // Only then does the background decide about means, deviations and boxes.
    if (kind == Kind::nonzero && seen.non_finite == 0 && has_background(seen)) backgrounds_.push_back({name, seen});
  }

  // Adds one finding for all of the case's images.
  void warn_of_background() {
    if (backgrounds_.empty()) return;
    std::vector<std::string> found;
    bool corners = true, values = true;
    for (const auto& [name, seen] : backgrounds_) {
      values &= seen.frequent_share >= least_background_share;
      corners &= seen.corner == seen.frequent;
      found.push_back(seen.frequent_share >= least_background_share
                          ? fmt::format("{} in {:.3g} % of {}", seen.frequent, 100 * seen.frequent_share, name)
                          : fmt::format("no frequent value and {:.2g} % zeros in {}", 100 * seen.zero_share, name));
    }
    const std::string remedy = !values   ? "set what lies outside of the body to 0, as skull stripping does for brains"
                               : corners ? "pass `background` corner, by which each image's own is subtracted"
                                         : fmt::format("pass `background` {}", backgrounds_[0].second.frequent);
    add(FindingKind::background,
        fmt::format("[{}] expected a background of 0, got {}: it counts as content, in the box that is cut out and in "
                    "means and deviations; {}",
                    first_.string(), fmt::join(found, ", "), remedy));
  }

  void add_fingerprint(size_t image, std::span<const float> voxels, const Grid& grid) {
    const std::vector<float> oriented = to_brats_order(voxels, grid.size, orientation_of(grid));
    const std::string_view bytes(reinterpret_cast<const char*>(oriented.data()), oriented.size() * sizeof(float));
    result_.fingerprints.push_back({image, std::hash<std::string_view>()(bytes)});
  }

  void check_segmentation(const fs::path& path) {
    std::optional<NiftiImage> image = read(path, 1);
    if (!image) return;
    expect_frames(*image, 1, path);
    if (image->frames != 1 || image->voxels.empty()) return;
    if (std::ranges::any_of(image->voxels, [](float v) { return v != 0; })) {
      add_fingerprint(files_.modalities.size(), image->voxels, image->grid);
    }
    try {
      const LabelImage segmentation = labels_of_image(std::move(*image), path);
      add_tolerated(segmentation.tolerated);
      result_.label_values = count_values(segmentation.labels);
      count_regions(*result_.label_values);
    } catch (const DataError& e) {
      add(FindingKind::labels, e.what());
    }
  }

  // Values that the profile lacks are in no region.
  void count_regions(const ValueCounts& counts) {
    std::vector<int64_t> voxels(files_.task()->regions().size());
    for (const LabelProfile::Meaning& m : files_.labels.meanings()) {
      const RegionSet inside = files_.task()->regions_of(m.label);
      for (size_t r = 0; r < voxels.size(); ++r) voxels[r] += inside[r] ? counts[m.value] : 0;
    }
    result_.checked.region_voxels = voxels;
  }

  // BraTS's cases have one grid. Those of other tasks may have any.
  void warn_of_geometry(const Grid& grid) {
    if (brats_task_of(*files_.task())) warn_of_grid_unlike_brats(grid);
    if (const double skew = skew_of(grid); skew >= least_skew) {
      add(FindingKind::skew,
          fmt::format(
              "[{}] expected axes at right angles, got {:.2g} degrees off: revunet-evaluate refuses such images, "
              "as distances would be wrong; resample it",
              first_.string(), skew));
    }
  }

  void warn_of_grid_unlike_brats(const Grid& grid) {
    const std::string code = orientation_code(grid);
    if (code == "unknown") {
      add(FindingKind::orientation,
          fmt::format("[{}] expected a qform or sform, got none: its axes are taken for LPS, those of BraTS; set one",
                      first_.string()));
    } else if (code != "LPS") {
      add(FindingKind::orientation,
          fmt::format("[{}] expected the axes of BraTS, LPS, got {}: they are permuted and turned on reading",
                      first_.string(), code));
    }
    if (files_.task()->resampling().kind == Resampling::Kind::given) return;
    for (const double spacing : grid.spacing) {
      if (std::abs(spacing - 1) <= spacing_tolerance) continue;
      add(FindingKind::spacing, fmt::format("[{}] expected voxels of 1 mm, as BraTS has, got {:.4g} mm: a training "
                                            "resamples them with `spacing` 1,1,1",
                                            first_.string(), fmt::join(grid.spacing, " x ")));
      break;
    }
  }

  const CaseFiles& files_;
  CheckLevel level_;
  bool wants_sums_;
  CaseCheck result_;
  bool contradicted_ = false;
  std::optional<NonzeroBox> nonzero_;                              // around all images, in the order of the files
  std::vector<std::pair<std::string, VoxelSummary>> backgrounds_;  // of images whose background is not 0
  fs::path first_;                                                 // the file of result_.checked.grid
  std::set<fs::path> alone_;                                       // files of a shape that no other has
};

}  // namespace

CaseCheck check_case(const CaseFiles& files, CheckLevel level, bool wants_sums) {
  return CaseChecker(files, level, wants_sums).run();
}

}  // namespace revunet::io
