// --labels: what the numbers of segmentation files stand for, where their layout does not say so or says it wrongly.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "io/dataset/label_profile.h"
#include "tools/common/option_spelling.h"

namespace revunet::tools {

// Declares --labels, which sets `name`; empty: as the dataset's layout says.
inline CLI::Option* add_labels_option(CLI::App& app, std::string& name) {
  std::vector<std::string> names, profiles;
  for (const io::LabelProfile& profile : io::LabelProfile::named()) {
    names.push_back(profile.name());
    profiles.push_back(fmt::format("{} ({})", profile.name(), profile.meanings_text()));
  }
  return app
      .add_option("--labels", name,
                  fmt::format("label convention of the segmentations, see docs/data.md: {} [the layout's; required for "
                              "BraTS-PED]",
                              fmt::join(profiles, "; ")))
      ->check(one_of(names));
}

// The profile of a name that add_labels_option let through.
inline std::optional<io::LabelProfile> labels_of_option(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return io::label_profile(name);
}

}  // namespace revunet::tools
