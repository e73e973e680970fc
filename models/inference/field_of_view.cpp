#include "models/inference/field_of_view.h"

#include "engine/error.h"
#include "io/nifti/size_text.h"
#include "io/nifti/volume_size.h"

namespace revunet {

namespace {

// Returns what all weights say. Takes the member of WeightsInfo, and the option that decides where they disagree.
std::optional<io::VolumeSize> agreed(std::span<const TrainedNetwork> networks,
                                     std::optional<io::VolumeSize> WeightsInfo::*member, const char* what,
                                     const char* option) {
  const std::optional<io::VolumeSize>& first = networks[0].info.*member;
  for (const TrainedNetwork& n : networks) {
    REVUNET_EXPECTS(n.info.*member == first, UsageError,
                    "[`weights`] expected networks of one {}, got {} and {} with others; choose one with {}", what,
                    networks[0].file.string(), n.file.string(), option);
  }
  return first;
}

std::optional<Windows> windows_of(const FieldOfViewOptions& options, std::span<const TrainedNetwork> networks) {
  REVUNET_EXPECTS(!options.overlap || (*options.overlap >= 0 && *options.overlap < 1), UsageError,
                  "[`overlap`] expected a share of the patch from 0 to below 1, got {}", *options.overlap);
  std::optional<io::VolumeSize> patch;
  if (options.patch.empty()) {
    patch = agreed(networks, &WeightsInfo::patch, "patch", "`patch`");
  } else if (options.patch != "full" && options.patch != "none") {
    patch = io::parse_size(options.patch, "`patch`");
  }
  REVUNET_EXPECTS(patch || !options.overlap, UsageError,
                  "[`overlap`] expected patches, got one pass over the field of view; give `patch` as well");
  if (!patch) return std::nullopt;
  return Windows{*patch, options.overlap.value_or(kDefaultOverlap)};
}

io::Background background_of(const FieldOfViewOptions& options, std::span<const TrainedNetwork> networks) {
  if (options.background) return *options.background;
  const auto of = [](const TrainedNetwork& n) { return n.info.background.value_or(io::Background{}); };
  for (const TrainedNetwork& n : networks) {
    REVUNET_EXPECTS(of(n).name() == of(networks[0]).name(), UsageError,
                    "[`weights`] expected networks of one background, got {} with {} and {} with {}; choose one with "
                    "`background`",
                    networks[0].file.string(), of(networks[0]).name(), n.file.string(), of(n).name());
  }
  return of(networks[0]);
}

// Returns an empty text where nothing is subtracted.
std::string describe_background(const FieldOfView& view, const FieldOfViewOptions& options) {
  using Kind = io::Background::Kind;
  if (view.background.kind == Kind::zero) return "";
  const bool corner = view.background.kind == Kind::corner;
  return fmt::format("; {} is subtracted from each image{}",
                     corner ? "the value of the corners" : "the background " + view.background.name(),
                     options.background ? "" : " (from the weights)");
}

void expect_within(const Windows& windows, const io::VolumeSize& size, const FieldOfViewOptions& options) {
  for (size_t axis = 0; axis < 3; ++axis) {
    REVUNET_EXPECTS(windows.size[axis] <= size[axis], UsageError,
                    "[`patch`] expected patches that fit into `size` {}, got {}{}; leave out `size` for whole images, "
                    "or give `patch` full",
                    io::size_as_given(size), io::size_as_given(windows.size),
                    options.patch.empty() ? ", those of the training" : "");
  }
}

// Returns a text such as "by patches of 64,64,64, overlap 0.5", or how one pass compares with the training.
std::string describe_passes(const FieldOfView& view, const FieldOfViewOptions& options,
                            std::span<const TrainedNetwork> networks) {
  if (view.windows) {
    return fmt::format(" by patches of {}{}, overlap {}", io::size_as_given(view.windows->size),
                       options.patch.empty() ? " (from the weights)" : "", view.windows->overlap);
  }
  for (const TrainedNetwork& n : networks) {
    if (n.info.patch)
      return fmt::format(" in one pass, though the network was trained on patches of {}",
                         io::size_as_given(*n.info.patch));
  }
  return "";
}

}  // namespace

FieldOfView field_of_view(const FieldOfViewOptions& options, std::span<const TrainedNetwork> networks) {
  FieldOfView view{.size = {},
                   .windows = windows_of(options, networks),
                   .background = background_of(options, networks),
                   .description = {}};
  if (!options.size.empty()) {
    view.size = io::parse_size(options.size, "`size`");
    view.description = fmt::format("field of view {} (from `size`)", io::size_as_given(*view.size));
    if (view.windows) expect_within(*view.windows, *view.size, options);
  } else if (view.windows) {
    view.description = "field of view the whole box of each case";
  } else {
    const auto own = agreed(networks, &WeightsInfo::size, "field of view", "`size`");
    view.size = own.value_or(io::default_field_of_view);
    view.description = fmt::format("field of view {} ({})", io::size_as_given(*view.size),
                                   own ? "from the weights" : "the default: the weights name none");
  }
  const io::VolumeSize seen = view.windows ? view.windows->size : *view.size;
  for (const TrainedNetwork& n : networks) check_size(n.info.config, {seen.begin(), seen.end()});
  view.description += describe_passes(view, options, networks) + describe_background(view, options);
  return view;
}

}  // namespace revunet
