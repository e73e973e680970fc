// This file finds image files and the folders that they lie in, by their names alone.
//
// Non-obvious rule: names are matched whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace revunet::io {

// Returns the visible entries of a folder, sorted, because messages must not depend on the order of the file system.
// May throw DataError.
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder);

// Returns the name without .nii or .nii.gz, or nothing for files of other kinds.
std::optional<std::string> image_stem(const std::filesystem::path& path);

// Returns whether something has this name, which includes a broken link. Throws DataError where that cannot be told.
bool has_entry(const std::filesystem::path& path);
// Throws DataError where `path` is a broken link, because an unmounted disk must not pass for a file that never was.
void expect_no_broken_link(const std::filesystem::path& path);

// Returns `<folder>/<stem>.nii` or .nii.gz, whichever exists, or one of the same endings in capitals. Throws DataError
// for both, for a broken link, and for anything but a file.
std::optional<std::filesystem::path> find_image(const std::filesystem::path& folder, const std::string& stem);

// Throws DataError for a broken link, and for anything but a file.
void expect_image_file(const std::filesystem::path& path);

// Returns the first image, by name, in a folder or some levels below it, or nothing where there is none. A folder that
// cannot be listed is returned itself, because it may hold some. Hidden files, such as those that macOS leaves in
// archives, do not count.
std::optional<std::filesystem::path> find_image_below(const std::filesystem::path& folder, int levels = 4);

}  // namespace revunet::io
