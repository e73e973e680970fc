// Makes weights of a small network, and changes the tensors of weights files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/files/safetensors.h"
#include "models/inference/weights_file.h"
#include "models/unet.h"
#include "tests/io/test_files.h"

namespace revunet::test {

// The network has two levels, so sizes are multiples of 2.
inline const UNetConfig tiny_network = {.channels = {4, 8}};

// Writes untrained weights, as revunet-train would write them.
inline std::filesystem::path write_untrained(const std::filesystem::path& path, const UNetConfig& config = tiny_network,
                                             const io::Size3& size = {32, 32, 32}) {
  Device device;
  save_weights(path, *make_unet(Context{device}, config, DType::f32, 7), size);
  return path;
}

// Returns a copy of a file's contents, in which `change` may replace each tensor. Metadata is kept on demand.
template <class Change>
io::SafetensorsFile changed(const io::SafetensorsFile& file, bool keep_metadata, Change change) {
  io::SafetensorsFile result;
  if (keep_metadata) result.metadata = file.metadata;
  for (const auto& entry : file.entries()) result.add(entry.name, change(entry.name, entry.tensor));
  return result;
}

inline io::SafetensorsFile without_metadata(const io::SafetensorsFile& file) {
  return changed(file, false, [](const std::string&, const io::HostTensor& t) { return t; });
}

// Returns the file with every element of one tensor set to `value`.
inline io::SafetensorsFile with_filled(const io::SafetensorsFile& file, const std::string& name, float value) {
  REQUIRE(file.contains(name));
  return changed(file, true, [&](const std::string& n, const io::HostTensor& t) {
    if (n != name) return t;
    return io::HostTensor::from_f32(t.shape(), std::vector<float>(static_cast<size_t>(t.count()), value));
  });
}

}  // namespace revunet::test
