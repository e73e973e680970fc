#include "tools/common/dataset_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.h"

namespace revunet::tools {

namespace {

Option background_row(const std::string& default_text, std::function<void(const std::string&)> set,
                      std::function<std::string()> text) {
  return {.name = "background",
          .value = {.kind = "TEXT",
                    .set = [set = std::move(set)](const std::string&, const std::string& given) { set(given); },
                    .text = std::move(text)},
          .help =
              "value of the images around the body, which is subtracted from them: a number, or corner: the value "
              "that all corners of an image have, another for each image" +
              default_text,
          .of_new_runs = true};
}

}  // namespace

Option labels_option(std::optional<io::LabelProfile>& labels) {
  std::vector<std::string> names, profiles;
  for (const io::LabelProfile& profile : io::LabelProfile::named()) {
    names.push_back(profile.name());
    profiles.push_back(fmt::format("{} ({})", profile.name(), profile.meanings_text()));
  }
  return {
      .name = "labels",
      .value = word_of(
          names, [&labels](const std::string& name) { labels = io::label_profile(name); },
          [&labels] { return labels ? labels->name() : ""; }),
      .help = fmt::format("label convention of BraTS segmentations, see docs/data.md: {} [the layout's; required for "
                          "BraTS-PED; none for other tasks]",
                          fmt::join(profiles, "; ")),
      .of_new_runs = true};
}

Option task_option(std::filesystem::path& file, const std::string& help) {
  return {.name = "task", .value = path_from_root(file), .help = help, .of_new_runs = true};
}

std::optional<io::TaskFile> read_task(const std::filesystem::path& file,
                                      const std::optional<io::LabelProfile>& labels) {
  if (file.empty()) return std::nullopt;
  REVUNET_EXPECTS(!labels, UsageError, "[--task, --labels] expected one of them, got {} and {}; leave one out",
                  file.string(), labels->name());
  return io::read_task_file(file);
}

Option background_option(io::Background& background) {
  return background_row(
      "", [&background](const std::string& text) { background = io::parse_background(text); },
      [&background] { return background.name(); });
}

Option background_option(std::optional<io::Background>& background, const std::string& default_text) {
  return background_row(
      fmt::format(" [{}]", default_text),
      [&background](const std::string& text) { background = io::parse_background(text); },
      [&background] { return background ? background->name() : ""; });
}

Option patients_option(std::string& text) {
  OptionValue value = words(text);
  // The path of a file is made absolute, so that a run can be resumed from any folder. An expression stays as it is.
  value.set = [&text](const std::string&, const std::string& given) {
    text = io::is_patients_file(given) ? std::filesystem::absolute(given).lexically_normal().string() : given;
  };
  return {.name = "patients",
          .value = std::move(value),
          .help =
              "patients of the cases: a regular expression that is found in each case's name and whose one group "
              "is the patient, such as '^(.+)_[0-9]+$', or a .csv file with lines case,patient [by the names of "
              "BraTS and other datasets, see docs/data.md]",
          .of_new_runs = true};
}

io::Patients patients_of_option(const std::string& text) {
  return text.empty() ? io::Patients() : io::Patients(text);
}

Option check_option(io::CheckLevel& level) {
  return {.name = "check",
          .value = choice<io::CheckLevel>(
              level,
              {{"full", io::CheckLevel::full}, {"headers", io::CheckLevel::headers}, {"none", io::CheckLevel::none}}),
          .help =
              "check of all cases before the start: full (as revunet-check, which reads every file), headers (grids "
              "and lengths of the files) or none",
          .of_new_runs = true};
}

}  // namespace revunet::tools
