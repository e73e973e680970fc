#include "tools/check/case_check.h"

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

namespace revunet::tools {
namespace {

namespace fs = std::filesystem;

constexpr double spacing_tolerance = 1e-3;  // mm: rounded headers of 1 mm images are no news

std::string sizes_text(const io::Grid& grid) {
  return fmt::format("{}", fmt::join(grid.size, " x "));
}

class CaseChecker {
 public:
  CaseChecker(const io::CaseFiles& files, CheckLevel level) : files_(files), level_(level) {
    result_.report.name = files.name;
    result_.report.labels = files.labels.name();
    result_.report.segmented = files.segmentation.has_value();
  }

  CaseCheck run() {
    for (const io::ImageFrame& image : files_.modalities) {
      if (result_.folder.empty()) result_.folder = image.path.parent_path();
    }
    read_headers();
    std::set<fs::path> done;
    for (const io::ImageFrame& image : files_.modalities) {
      if (!image.path.empty() && done.insert(image.path).second) check_image(image);
    }
    if (files_.segmentation) check_segmentation(*files_.segmentation);
    if (result_.report.grid) warn_of_geometry(*result_.report.grid);
    return std::move(result_);
  }

 private:
  void add(FindingKind kind, const std::string& message) { result_.report.findings.push_back({kind, message}); }

  // Before any voxel: an image of another shape than all others is read no further, as a damaged header may ask for any
  // amount of memory.
  void read_headers() {
    const std::vector<io::CaseFile> files = io::files_of(files_);
    std::map<std::array<int64_t, 3>, std::vector<fs::path>> of_shape;
    for (const io::CaseFile& file : files) {
      try {
        of_shape[io::read_nifti_header(file.path).grid.size].push_back(file.path);
      } catch (const DataError&) {  // read says so
      }
    }
    for (const auto& [shape, paths] : of_shape) {
      if (paths.size() == 1 && of_shape.size() > 1) alone_.insert(paths[0]);
    }
  }

  // Without voxels for a check of headers, and for an image of a shape that no other has.
  std::optional<io::NiftiImage> read(const fs::path& path) {
    try {
      io::NiftiImage image = level_ == CheckLevel::full && !alone_.contains(path)
                                 ? io::read_nifti(path, io::NonFinite::is_allowed)
                                 : io::read_whole_nifti_header(path);
      ++result_.report.readable_files;
      compare_grid(image.grid, path);
      compare_qform(image, path);
      add_tolerated(std::exchange(image.tolerated, {}));
      return image;
    } catch (const DataError& e) {
      add(FindingKind::unreadable, e.what());
      return std::nullopt;
    }
  }

  void add_tolerated(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) add(FindingKind::tolerated, message);
  }

  void compare_grid(const io::Grid& grid, const fs::path& path) {
    if (!result_.report.grid) {
      result_.report.grid = grid;
      first_ = path;
    }
    const io::Grid& first = *result_.report.grid;
    if (grid.size != first.size) {
      add(FindingKind::shape,
          fmt::format("[{}] expected {} voxels as {}, got {}; resample it to one grid", path.string(),
                      sizes_text(first), first_.filename().string(), sizes_text(grid)));
    } else if (!io::same_grid(first, grid)) {
      add(FindingKind::affine,
          fmt::format("[{}] expected the affine of {}, got one that moves a corner by {:.4g} voxels; resample it, or "
                      "mend the header",
                      path.string(), first_.filename().string(), io::corner_displacement(first, grid)));
    }
  }

  // Once for a case: its files mostly have one header.
  void compare_qform(const io::NiftiImage& image, const fs::path& path) {
    const std::optional<io::Grid> other = io::grid_by_qform(image);
    if (contradicted_ || !other || io::same_grid(image.grid, *other)) return;
    contradicted_ = true;
    add(FindingKind::qform,
        fmt::format("[{}] expected qform and sform to agree, got {} in the qform, {} in the sform and {:.4g} voxels "
                    "between their corners: the sform is used; check that left is left",
                    path.string(), io::orientation_code(*other), io::orientation_code(image.grid),
                    io::corner_displacement(image.grid, *other)));
  }

  void expect_frames(const io::NiftiImage& image, int64_t frames, const fs::path& path) {
    if (image.frames == frames) return;
    add(FindingKind::shape, fmt::format("[{}] expected {} frame{}, got {}; check that it is the right image",
                                        path.string(), frames, frames == 1 ? "" : "s", image.frames));
  }

  void check_image(const io::ImageFrame& wanted) {
    const std::optional<io::NiftiImage> image = read(wanted.path);
    if (!image) return;
    expect_frames(*image, wanted.frames, wanted.path);
    if (image->frames != wanted.frames || image->voxels.empty()) return;
    const size_t count = image->voxels.size() / static_cast<size_t>(image->frames);
    for (size_t m = 0; m < files_.modalities.size(); ++m) {
      const io::ImageFrame& own = files_.modalities[m];
      if (own.path != wanted.path) continue;
      check_voxels(std::span(image->voxels).subspan(static_cast<size_t>(own.frame) * count, count), image->grid, m);
    }
  }

  void check_voxels(std::span<const float> voxels, const io::Grid& grid, size_t modality) {
    const std::string where =
        fmt::format("[{}] expected {}", files_.modalities[modality].path.string(), io::modality_names[modality]);
    int64_t non_finite = 0;
    float value = 0;  // the first that is neither zero nor non-finite
    bool varies = false;
    for (const float v : voxels) {
      non_finite += !std::isfinite(v);
      if (v == 0 || !std::isfinite(v)) continue;
      if (value == 0) value = v;
      varies |= v != value;
    }
    if (non_finite > 0) {
      add(FindingKind::non_finite, fmt::format("{} with finite voxels, got {} NaN or infinite of {}; replace them",
                                               where, non_finite, voxels.size()));
    }
    if (value == 0) {
      add(FindingKind::empty, fmt::format("{} with a brain, got zero {}; make it again", where,
                                          non_finite > 0 ? "in all others" : "everywhere"));
    } else if (!varies) {
      add(FindingKind::constant,
          fmt::format("{} with a brain, got {} wherever it is not zero; make it again", where, value));
    }
    if (varies) add_fingerprint(modality, voxels, grid);
  }

  void add_fingerprint(size_t image, std::span<const float> voxels, const io::Grid& grid) {
    const std::vector<float> oriented = io::to_brats_order(voxels, grid.size, io::orientation_of(grid));
    const std::string_view bytes(reinterpret_cast<const char*>(oriented.data()), oriented.size() * sizeof(float));
    result_.fingerprints.push_back({image, std::hash<std::string_view>()(bytes)});
  }

  void check_segmentation(const fs::path& path) {
    std::optional<io::NiftiImage> image = read(path);
    if (!image) return;
    expect_frames(*image, 1, path);
    if (image->frames != 1 || image->voxels.empty()) return;
    if (std::ranges::any_of(image->voxels, [](float v) { return v != 0; })) {
      add_fingerprint(files_.modalities.size(), image->voxels, image->grid);
    }
    try {
      const io::LabelImage segmentation = io::labels_of_image(std::move(*image), path);
      add_tolerated(segmentation.tolerated);
      count_regions(segmentation.labels);
      io::labels_of_values(segmentation.labels, files_.labels, path);
    } catch (const DataError& e) {
      add(FindingKind::labels, e.what());
    }
  }

  // Values that the profile has not are in no region.
  void count_regions(const std::vector<uint8_t>& values) {
    std::array<int64_t, 256> counts{};
    for (const uint8_t value : values) ++counts[value];
    std::array<int64_t, io::region_count> voxels{};
    for (const io::LabelProfile::Meaning& m : files_.labels.meanings()) {
      const auto inside = io::regions_of(m.label);
      for (size_t r = 0; r < inside.size(); ++r) voxels[r] += inside[r] ? counts[m.value] : 0;
    }
    result_.report.region_voxels = voxels;
  }

  void warn_of_geometry(const io::Grid& grid) {
    const std::string code = io::orientation_code(grid);
    if (code == "unknown") {
      add(FindingKind::orientation,
          fmt::format("[{}] expected a qform or sform, got none: its axes are taken for LPS, those of BraTS; set one",
                      first_.string()));
    } else if (code != "LPS") {
      add(FindingKind::orientation,
          fmt::format("[{}] expected the axes of BraTS, LPS, got {}: they are permuted and turned on reading",
                      first_.string(), code));
    }
    if (const double skew = io::skew_of(grid); skew >= io::least_skew) {
      add(FindingKind::skew,
          fmt::format(
              "[{}] expected axes at right angles, got {:.2g} degrees off: revunet-evaluate refuses such images, "
              "as distances would be wrong; resample it",
              first_.string(), skew));
    }
    for (const double spacing : grid.spacing) {
      if (std::abs(spacing - 1) <= spacing_tolerance) continue;
      add(FindingKind::spacing,
          fmt::format("[{}] expected voxels of 1 mm, as BraTS has, got {:.4g} mm: nothing is resampled on reading",
                      first_.string(), fmt::join(grid.spacing, " x ")));
      break;
    }
  }

  const io::CaseFiles& files_;
  CheckLevel level_;
  CaseCheck result_;
  bool contradicted_ = false;
  fs::path first_;            // the file of result_.report.grid
  std::set<fs::path> alone_;  // files of a shape that no other has
};

}  // namespace

CaseCheck check_case(const io::CaseFiles& files, CheckLevel level) {
  return CaseChecker(files, level).run();
}

}  // namespace revunet::tools
