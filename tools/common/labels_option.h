// --labels: what the numbers of segmentation files stand for, where their layout does not say so or says it wrongly.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "io/label_profile.h"
#include "tools/common/spelling.h"

namespace revunet::tools {

// Declares --labels, which sets `name`; empty: as the dataset's layout says.
inline CLI::Option* add_labels_option(CLI::App& app, std::string& name) {
  std::vector<std::string> names;
  for (const io::LabelProfile& profile : io::LabelProfile::named()) names.push_back(profile.name());
  return app
      .add_option(
          "--labels", name,
          "label convention of the segmentations, see docs/data.md: brats (1 core, 2 oedema, 4 enhancing), brats2023 "
          "(3 enhancing), brats2024 (also 4 cavity), brats2024-ped (1 enhancing, 2 core, 3 cyst, 4 oedema) or msd (1 "
          "oedema, "
          "2 core, 3 enhancing) [the layout's; required for BraTS-PED]")
      ->check(one_of(names));
}

// Of a name that add_labels_option let through.
inline std::optional<io::LabelProfile> labels_of_option(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return io::label_profile(name);
}

}  // namespace revunet::tools
