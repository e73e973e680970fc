// Image files and the folders that they lie in, by their names alone.
//
// Non-obvious rule: names are matched whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace revunet::io {

// Visible entries of a folder, sorted: messages must not depend on the order of the file system. DataError.
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder);

// The name without .nii or .nii.gz; nothing for files of other kinds.
std::optional<std::string> image_stem(const std::filesystem::path& path);

// Whether something has this name, a link that leads nowhere too. DataError where that cannot be told.
bool has_entry(const std::filesystem::path& path);
// DataError where `path` is a link that leads nowhere: an unmounted disk must not pass for a file that never was.
void expect_no_broken_link(const std::filesystem::path& path);

// `<folder>/<stem>.nii` or .nii.gz, whichever is there. DataError for both, for a broken link, and for anything but a
// file.
std::optional<std::filesystem::path> find_image(const std::filesystem::path& folder, const std::string& stem);

// DataError for a broken link, and for anything but a file.
void expect_image_file(const std::filesystem::path& path);

// The first image, by name, in a folder or some levels below it; a folder that cannot be listed is returned itself, as
// it may hold some. Hidden files are none, as those that macOS leaves in archives. Nothing where there is none.
std::optional<std::filesystem::path> find_image_below(const std::filesystem::path& folder, int levels = 4);

}  // namespace revunet::io
